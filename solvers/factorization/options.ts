/** The options of factorisations: what they mean in the interfaces, what they take in the tables. @module */

import type { Matrix, VectorLike } from "../core/matrix.ts";
import { choice, flag, group, integer, list, number, type OptionTable, required, vector } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

/** How samples are chosen as the first archetypes. */
export type ArchetypeStart = "affine" | "spa" | "furthest-sum" | "random";

/** How the first factors of a plain factorisation are made. */
export type NmfStart = "nndsvda" | "nndsvd" | "random" | "spa";

/** Factors to start from. */
export interface FactorStart {
  /** Archetypes or components, not negative [rank, features]. */
  readonly H: Matrix;
  /** Weights, not negative [samples, rank]; fitted where they are left out. */
  readonly W?: Matrix;
}

/** Prices of the archetypal term along which a solve comes to its own. */
export interface Continuation {
  /** The first `lambda`, above 0. */
  readonly from: number;
  /** Values of `lambda`, evenly spaced in their logarithms, the last its own; 1 or more. @default 8 */
  readonly steps?: number;
}

/** Options that all factorisations share. */
export interface FactorizationOptions extends SolveOptions {
  /** Decrease of an outer iteration, as a share of the objective, at which to stop, 0 to 1. @default 0.00001 */
  readonly tolerance?: number;
  /** Most outer iterations from one start, 1 or more. @default 1000 */
  readonly maxIterations?: number;
  /** Starts, 1 or more: the first is `initial`, all others are drawn; the best answer is kept. @default 1 */
  readonly restarts?: number;
}

/** Options of {@linkcode archetypalNmf}, but for factors to start from. */
export interface ArchetypalNmfOptions extends FactorizationOptions {
  /** Archetypes, 1 or more, at most one a sample. */
  readonly rank: number;
  /**
   * Price of the squared distances from archetypes to the hull of the samples, >= 0; `Infinity` puts them into the hull,
   * which is archetypal analysis. @default 1
   */
  readonly lambda?: number;
  /** Most entries of all archetypes together that are not zero, >= 0. @default all */
  readonly nonzeros?: number;
  /** How samples are chosen as the first archetypes. @default "affine" */
  readonly initial?: ArchetypeStart;
  /** Steps of each block in an outer iteration, 1 or more. @default 5 */
  readonly innerIterations?: number;
  /** Larger prices to begin with. @default none */
  readonly continuation?: Continuation;
  /** Exchange entries of the archetypes for others where that helps. @default false */
  readonly localSearch?: boolean;
  /** Bound from below how near archetypes of so few entries can be to the hull of the samples. @default false */
  readonly archetypalBound?: boolean;
}

/** Options of {@linkcode nmf}, but for factors to start from. */
export interface NmfOptions extends FactorizationOptions {
  /** Components, 1 or more. */
  readonly rank: number;
  /** How the first factors are made. @default "nndsvda" */
  readonly initial?: NmfStart;
  /** Sweeps of each factor in an outer iteration, 1 or more. @default 3 */
  readonly innerIterations?: number;
  /**
   * Weight of each entry of `X`, row after row, >= 0: with 0 an entry is missing, whatever stands there, NaN too.
   * @default 1 each
   */
  readonly weights?: VectorLike;
}

/** Options of {@linkcode archetypalNmfPath}. */
export interface ArchetypalPathOptions extends Omit<ArchetypalNmfOptions, "rank" | "lambda" | "nonzeros"> {
  /** Numbers of archetypes to visit. */
  readonly ranks: readonly number[];
  /** Values of `lambda` to visit, from large to small. @default [1] */
  readonly lambdas?: readonly number[];
  /** Most entries that are not zero, as a share of all entries of the archetypes, above 0, at most 1. @default 1 */
  readonly density?: number;
  /** Share of the samples that is held out for validation, 0 to 0.9. @default 0.2 */
  readonly holdout?: number;
  /** Further starts of each fit, by which its stability is told, 0 or more. @default 0 */
  readonly stabilityStarts?: number;
}

/** Options of {@linkcode projectOntoArchetypes}. */
export interface ProjectionOptions extends SolveOptions {
  /** Weights that sum to one, or that are only not negative. @default "simplex" */
  readonly constraint?: "simplex" | "nonnegative";
  /** Bound on what better weights would gain, as a share of the samples' squares, 0 to 1. @default 1e-9 */
  readonly tolerance?: number;
  /** Most steps, 1 or more. @default 10000 */
  readonly maxIterations?: number;
}

const shared: OptionTable<FactorizationOptions, OpenSolveOptions> = {
  tolerance: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 1e-5,
    about: "Decrease of an outer iteration, as a share of the objective, at which to stop.",
  }),
  maxIterations: integer({ least: 1, most: 1e9, default: 1000, about: "Most outer iterations from one start." }),
  restarts: integer({
    least: 1,
    most: 1e6,
    default: 1,
    about: "Starts: the first is `initial`, all others are drawn; the best answer is kept.",
  }),
  ...solveOptions,
};

/** Largest rank: larger than anything that fits in memory. */
const mostRank = 1e6;

const archetypal: OptionTable<
  Omit<ArchetypalNmfOptions, "rank" | "lambda" | "nonzeros">,
  OpenSolveOptions | "continuation"
> = {
  initial: choice(["affine", "spa", "furthest-sum", "random"], {
    default: "affine",
    about: "How samples are chosen as the first archetypes.",
  }),
  innerIterations: integer({
    least: 1,
    most: 1e6,
    default: 5,
    about: "Steps of each block in an outer iteration.",
  }),
  continuation: group<Continuation>({
    from: required(number({ least: 0, above: true, most: 1e12, about: "The first `lambda`." })),
    steps: integer({
      least: 1,
      most: 1e4,
      default: 8,
      about: "Values of `lambda`, evenly spaced in their logarithms, the last its own.",
    }),
  }, { about: "Larger prices to begin with.", otherwise: "none" }),
  localSearch: flag({ default: false, about: "Exchange entries of the archetypes for others where that helps." }),
  archetypalBound: flag({
    default: false,
    about: "Bound from below how near archetypes of so few entries can be to the hull of the samples.",
  }),
  ...shared,
};

/** Options of an archetypal factorisation that may stay undefined. */
export type OpenArchetypalOptions = OpenSolveOptions | "continuation" | "nonzeros";

/** Table of the options of {@linkcode archetypalNmf}. */
export const archetypalNmfOptions: OptionTable<ArchetypalNmfOptions, OpenArchetypalOptions> = {
  rank: required(integer({ least: 1, most: mostRank, about: "Archetypes, at most one a sample." })),
  lambda: number({
    least: 0,
    most: 1e12,
    infinite: true,
    default: 1,
    about:
      "Price of the squared distances from archetypes to the hull of the samples; `Infinity` is archetypal analysis.",
  }),
  nonzeros: integer({
    least: 0,
    most: 1e12,
    otherwise: "all",
    about: "Most entries of all archetypes together that are not zero.",
  }),
  ...archetypal,
};

/** Options of a plain factorisation that may stay undefined. */
export type OpenNmfOptions = OpenSolveOptions | "weights";

/** Table of the options of {@linkcode nmf}. */
export const nmfOptions: OptionTable<NmfOptions, OpenNmfOptions> = {
  rank: required(integer({ least: 1, most: mostRank, about: "Components." })),
  initial: choice(["nndsvda", "nndsvd", "random", "spa"], {
    default: "nndsvda",
    about: "How the first factors are made.",
  }),
  innerIterations: integer({
    least: 1,
    most: 1e6,
    default: 3,
    about: "Sweeps of each factor in an outer iteration.",
  }),
  weights: vector({
    least: 0,
    most: 1e12,
    otherwise: "1 each",
    about: "Weight of each entry of `X`, row after row: with 0 an entry is missing.",
  }),
  ...shared,
};

/** Table of the options of {@linkcode archetypalNmfPath}. */
export const archetypalNmfPathOptions: OptionTable<ArchetypalPathOptions, OpenSolveOptions | "continuation"> = {
  ranks: required(list({ least: 1, most: mostRank, about: "Numbers of archetypes to visit." })),
  lambdas: list({ least: 0, most: 1e12, default: [1], about: "Values of `lambda` to visit, from large to small." }),
  density: number({
    least: 0,
    above: true,
    most: 1,
    unit: "share",
    default: 1,
    about: "Most entries that are not zero, as a share of all entries of the archetypes.",
  }),
  holdout: number({
    least: 0,
    most: 0.9,
    unit: "share",
    default: 0.2,
    about: "Share of the samples that is held out for validation.",
  }),
  stabilityStarts: integer({
    least: 0,
    most: 1e6,
    default: 0,
    about: "Further starts of each fit, by which its stability is told.",
  }),
  ...archetypal,
};

/** Table of the options of {@linkcode projectOntoArchetypes}. */
export const projectionOptions: OptionTable<ProjectionOptions, OpenSolveOptions> = {
  constraint: choice(["simplex", "nonnegative"], {
    default: "simplex",
    about: "Weights that sum to one, or that are only not negative.",
  }),
  tolerance: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 1e-9,
    about: "Bound on what better weights would gain, as a share of the samples' squares.",
  }),
  maxIterations: integer({ least: 1, most: 1e9, default: 10000, about: "Most steps." }),
  ...solveOptions,
};
