/** The options of quantized completion: what they mean in the interface, what they take in the table. @module */

import type { Link } from "../../kernels/contract/completion/link.ts";
import type { VectorLike } from "../core/matrix.ts";
import { choice, flag, integer, number, type OptionTable, required, vector } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

export type { Link };

/** How a quantized completion is solved. */
export type QuantizedMethod = "auto" | "alm" | "alternating" | "proximal-gradient";

/** Options of {@linkcode completeQuantized}. */
export interface QuantizedOptions extends SolveOptions {
  /** Weight of the trace norm, > 0. */
  readonly lambda: number;
  /** The boundaries between levels, rising, one fewer than there are levels. @default as `boundaryRule` says */
  readonly boundaries?: VectorLike;
  /**
   * Without `boundaries`: those that the frequencies of the levels give, or these as a start, fitted to the data along
   * with the matrix. @default "estimated"
   */
  readonly boundaryRule?: "marginal" | "estimated";
  /** How many levels there are, 2 to 65536, where that is more than one beyond the highest observed. @default as observed */
  readonly levelCount?: number;
  /** Distribution of the noise before it is cut into levels: logistic or normal, of scale 1. @default "logit" */
  readonly link?: Link;
  /** Fit an offset of each row and column. @default true */
  readonly offsets?: boolean;
  /** Weight of half the squares of the offsets, > 0: it keeps those of rows with one level finite. @default 2 */
  readonly offsetPenalty?: number;
  /** Columns of the factors to begin with, >= 1; more are added while the certificate refuses. @default 10 */
  readonly rank?: number;
  /** Most columns of the factors, >= 1. @default the smaller side of the matrix */
  readonly rankLimit?: number;
  /**
   * Proximal gradient on the whole matrix; or factors, by alternating ridge steps under parabolas above the likelihood, or
   * by the augmented Lagrangian method. `auto` takes the first for small matrices. @default "auto"
   */
  readonly method?: QuantizedMethod;
  /** Penalty of the augmented Lagrangian, > 0. @default the curvature of the likelihood, 1/2 for logit and 1 for probit */
  readonly penalty?: number;
  /** What the penalty is multiplied by after each sweep, 1 to 2: above 1 the iterates freeze early. @default 1 */
  readonly penaltyGrowth?: number;
  /** Most sweeps or iterations, >= 1. @default 5000 */
  readonly maxIterations?: number;
  /** Relative gap between objective and lower bound at which to stop, 1e-8 to 1. @default 0.000001 */
  readonly tolerance?: number;
}

/** Options of a quantized completion that may stay undefined. */
export type OpenQuantizedOptions = OpenSolveOptions | "boundaries" | "levelCount" | "rankLimit" | "penalty";

/** Table of the options of {@linkcode completeQuantized}. */
export const completeQuantizedOptions: OptionTable<QuantizedOptions, OpenQuantizedOptions> = {
  lambda: required(number({ least: 0, above: true, most: 1e100, about: "Weight of the trace norm." })),
  boundaries: vector({
    least: -1e100,
    most: 1e100,
    otherwise: "as `boundaryRule` says",
    about: "The boundaries between levels, rising, one fewer than there are levels.",
  }),
  boundaryRule: choice(["marginal", "estimated"], {
    default: "estimated",
    about:
      "Without `boundaries`: those that the frequencies of the levels give, or these fitted along with the matrix.",
  }),
  levelCount: integer({
    least: 2,
    most: 65536,
    otherwise: "as observed",
    about: "How many levels there are, where that is more than one beyond the highest observed.",
  }),
  link: choice(["logit", "probit"], {
    default: "logit",
    about: "Distribution of the noise before it is cut into levels: logistic or normal, of scale 1.",
  }),
  offsets: flag({ default: true, about: "Fit an offset of each row and column." }),
  offsetPenalty: number({
    least: 0,
    above: true,
    most: 1e100,
    default: 2,
    about: "Weight of half the squares of the offsets.",
  }),
  rank: integer({
    least: 1,
    most: 1e6,
    default: 10,
    about: "Columns of the factors to begin with; more are added while the certificate refuses.",
  }),
  rankLimit: integer({
    least: 1,
    most: 1e6,
    otherwise: "the smaller side of the matrix",
    about: "Most columns of the factors.",
  }),
  method: choice(["auto", "alm", "alternating", "proximal-gradient"], {
    default: "auto",
    about: "Proximal gradient on the whole matrix, or factors: by alternating ridge steps, or by the augmented " +
      "Lagrangian method.",
  }),
  penalty: number({
    least: 0,
    above: true,
    most: 1e6,
    otherwise: "the curvature of the likelihood, 1/2 for logit and 1 for probit",
    about: "Penalty of the augmented Lagrangian.",
  }),
  penaltyGrowth: number({
    least: 1,
    most: 2,
    default: 1,
    about: "What the penalty is multiplied by after each sweep: above 1 the iterates freeze early.",
  }),
  maxIterations: integer({ least: 1, most: 1e9, default: 5000, about: "Most sweeps or iterations." }),
  tolerance: number({
    least: 1e-8,
    most: 1,
    unit: "share",
    default: 1e-6,
    about: "Relative gap between objective and lower bound at which to stop.",
  }),
  ...solveOptions,
};

/** Options of {@linkcode chooseQuantized}. */
export interface QuantizedChoiceOptions extends Omit<QuantizedOptions, "lambda" | "offsets"> {
  /** Fit an offset of each row and column. @default where they predict the held-out levels better */
  readonly offsets?: boolean;
  /** Most prices that are tried, >= 1. @default 24 */
  readonly count?: number;
  /** Factor from one price to the next, above 0 and below 1. @default 0.8 */
  readonly lambdaDecay?: number;
  /** Share of the entries that are held out, some of each level being kept; above 0 for a choice, to 0.5. @default 0.1 */
  readonly holdout?: number;
}

/** Options of {@linkcode completeQuantizedPath}. */
export interface QuantizedPathOptions extends QuantizedChoiceOptions {
  /** Fit an offset of each row and column. @default true */
  readonly offsets?: boolean;
  /** The prices themselves, falling, > 0. @default from the first at which there is a part of low rank */
  readonly lambdas?: VectorLike;
}

const { lambda: _lambda, offsets, ...withoutLambda } = completeQuantizedOptions;

/** Options of a choice that may stay undefined. */
export type OpenQuantizedChoiceOptions = OpenQuantizedOptions | "offsets";

/** Options of a path that may stay undefined. */
export type OpenQuantizedPathOptions = OpenQuantizedOptions | "lambdas";

/** Table of the options of {@linkcode chooseQuantized}. */
export const chooseQuantizedOptions: OptionTable<QuantizedChoiceOptions, OpenQuantizedChoiceOptions> = {
  count: integer({ least: 1, most: 1e6, default: 24, about: "Most prices that are tried." }),
  lambdaDecay: number({
    least: 0,
    above: true,
    most: 0.999,
    default: 0.8,
    about: "Factor from one price to the next.",
  }),
  holdout: number({
    least: 0,
    most: 0.5,
    unit: "share",
    default: 0.1,
    about: "Entries held out to choose the weight of the trace norm.",
  }),
  offsets: flag({
    otherwise: "where they predict the held-out levels better",
    about: "Fit an offset of each row and column.",
  }),
  ...withoutLambda,
};

/** Table of the options of {@linkcode completeQuantizedPath}. */
export const completeQuantizedPathOptions: OptionTable<QuantizedPathOptions, OpenQuantizedPathOptions> = {
  lambdas: vector({
    least: 0,
    most: 1e100,
    otherwise: "from the first at which there is a part of low rank",
    about: "The weights of the trace norm, above 0 and falling.",
  }),
  ...chooseQuantizedOptions,
  offsets,
};
