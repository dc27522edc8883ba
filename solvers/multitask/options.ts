/** The options of multi-task regression: what they mean in the interfaces, what they take in the tables. @module */

import type { VectorLike } from "../core/matrix.ts";
import { choice, flag, group, integer, list, number, type OptionTable, required, vector } from "../core/options.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { type L0Options, l0Options, largestPenalty } from "../l0/options.ts";

/** How a multi-task regression is solved. */
export type MultiTaskMethod = "auto" | "local-search" | "exact";

/** Options that a single fit, a path and a cross-validation share. */
export interface MultiTaskOptions extends Omit<L0Options, "bigM"> {
  /** All tasks have one support. @default false */
  readonly commonSupport?: boolean;
  /**
   * What to find: the best that the local search reaches from several starts, a certified solution, or by `auto` the first,
   * certified where the problem is small enough for it. @default "auto"
   */
  readonly method?: MultiTaskMethod;
  /** Improve by moves of one feature; without it, by projected gradient steps alone. @default true */
  readonly localSearch?: boolean;
  /** Fit an unpenalised intercept to each task. @default true */
  readonly intercept?: boolean;
  /**
   * Scale each feature, by one factor in all tasks, to mean square 1 about the means of the tasks. The penalties act on the
   * scaled coefficients; those of the answer are in the units of the data. @default true
   */
  readonly standardize?: boolean;
  /** Weight of each task's loss, >= 0, one of them above 0. @default 1 each */
  readonly taskWeights?: VectorLike;
  /** Weight of each sample of one `X` with many responses, >= 0. Tasks have their own. @default 1 each */
  readonly weights?: VectorLike;
  /** Least gain of a move, as a share of the loss without features, 0 to 1. @default 1e-12 */
  readonly tolerance?: number;
  /** Most moves of a search, and most gradient steps, >= 1. @default 100000 */
  readonly maxIterations?: number;
}

/** What a fit minimises beside the loss. */
export interface MultiTaskPenalties {
  /** Most features of each task, >= 0. */
  readonly support: number;
  /** Ridge on every coefficient, >= 0. @default 0 */
  readonly ridge?: number;
  /** Price of coefficients that differ from their mean over the tasks, >= 0. @default 0 */
  readonly valueSharing?: number;
  /** Price of supports that differ from their mean over the tasks, >= 0. @default 0 */
  readonly supportSharing?: number;
}

/** Penalties with their defaults filled in. */
export type ResolvedPenalties = Required<MultiTaskPenalties>;

/** Options of {@linkcode sparseMultiTask}. */
export interface SparseMultiTaskOptions extends MultiTaskOptions, MultiTaskPenalties {
  /** Most features of each task, >= 0. */
  readonly support: number;
}

/** The values that a path or a cross-validation combines. */
export interface MultiTaskGrid {
  /** Numbers of features: up to 20 of 50, 30 of 500, 40 of more. @default by the features */
  readonly support?: readonly number[];
  /** Ridges. @default [0.00001,0.001,0.1] */
  readonly ridge?: readonly number[];
  /** Prices of values that differ. @default [0] */
  readonly valueSharing?: readonly number[];
  /** Prices of supports that differ: from 0 to that variance; 0 with a common support. @default shares of the responses' variance */
  readonly supportSharing?: readonly number[];
}

/** Options of {@linkcode sparseMultiTaskPath}. */
export interface MultiTaskPathOptions extends MultiTaskOptions {
  /** The penalties to visit: all combinations. @default one that follows the data */
  readonly grid?: MultiTaskGrid;
}

/** Options of {@linkcode crossValidateMultiTask}. */
export interface MultiTaskCrossValidationOptions extends MultiTaskPathOptions {
  /** Number of folds of the rows of every task, >= 2. @default 5, or the samples of the largest task */
  readonly folds?: number;
  /** Hold out rows of every task, or whole tasks, which the others predict. @default "rows" */
  readonly leaveOut?: "rows" | "tasks";
  /** How the others predict a task that is left out. @default "average" */
  readonly prediction?: "average" | "stacked";
  /** `one-standard-error` takes the smallest support whose best error is within a standard error. @default "best" */
  readonly rule?: "best" | "one-standard-error";
}

/** Options of every multi-task regression that may stay undefined. */
export type OpenMultiTaskOptions = OpenSolveOptions | "taskWeights" | "weights";

const { bigM: _, maxIterations: __, ...searchOptions } = l0Options;

const multiTaskOptions: OptionTable<MultiTaskOptions, OpenMultiTaskOptions> = {
  commonSupport: flag({ default: false, about: "All tasks have one support." }),
  method: choice(["auto", "local-search", "exact"], {
    default: "auto",
    about:
      "What to find: the best of several starts, certified where that is cheap; that alone; or a certified solution.",
  }),
  localSearch: flag({
    default: true,
    about: "Improve by moves of one feature; without it, by projected gradient steps alone.",
  }),
  intercept: flag({ default: true, about: "Fit an unpenalised intercept to each task." }),
  standardize: flag({
    default: true,
    about:
      "Scale each feature, by one factor in all tasks, to mean square 1; penalties act on the scaled coefficients.",
  }),
  taskWeights: vector({ least: 0, most: 1e12, otherwise: "1 each", about: "Weight of each task's loss." }),
  weights: vector({
    least: 0,
    most: 1e12,
    otherwise: "1 each",
    about: "Weight of each sample of one `X` with many responses; tasks have their own.",
  }),
  tolerance: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 1e-12,
    about: "Least gain of a move, as a share of the loss without features.",
  }),
  maxIterations: integer({
    least: 1,
    most: 1e9,
    default: 100_000,
    about: "Most moves of a search, and most gradient steps.",
  }),
  ...searchOptions,
};

const penalty = { least: 0, most: largestPenalty } as const;

/** Table of the options of {@linkcode sparseMultiTask}. */
export const sparseMultiTaskOptions: OptionTable<SparseMultiTaskOptions, OpenMultiTaskOptions> = {
  support: required(integer({ least: 0, most: 1e9, about: "Most features of each task." })),
  ridge: number({ ...penalty, default: 0, about: "Ridge on every coefficient." }),
  valueSharing: number({
    ...penalty,
    default: 0,
    about: "Price of coefficients that differ from their mean over the tasks.",
  }),
  supportSharing: number({
    ...penalty,
    default: 0,
    about: "Price of supports that differ from their mean over the tasks.",
  }),
  ...multiTaskOptions,
};

/** Table of the options of {@linkcode sparseMultiTaskPath}. */
export const sparseMultiTaskPathOptions: OptionTable<MultiTaskPathOptions, OpenMultiTaskOptions | "grid"> = {
  grid: group<MultiTaskGrid>({
    support: list({ least: 0, most: 1e9, default: [], otherwise: "by the features", about: "Numbers of features." }),
    ridge: list({ ...penalty, default: [1e-5, 1e-3, 0.1], about: "Ridges." }),
    valueSharing: list({ ...penalty, default: [0], about: "Prices of values that differ." }),
    supportSharing: list({
      ...penalty,
      default: [],
      otherwise: "shares of the responses' variance",
      about: "Prices of supports that differ.",
    }),
  }, { otherwise: "one that follows the data", about: "The penalties to visit: all combinations." }),
  ...multiTaskOptions,
};

/** Table of the options of {@linkcode crossValidateMultiTask}. */
export const crossValidateMultiTaskOptions: OptionTable<
  MultiTaskCrossValidationOptions,
  OpenMultiTaskOptions | "grid" | "folds"
> = {
  folds: integer({
    least: 2,
    most: 1e6,
    otherwise: "5, or the samples of the largest task",
    about: "Folds of the rows of every task.",
  }),
  leaveOut: choice(["rows", "tasks"], {
    default: "rows",
    about: "Hold out rows of every task, or whole tasks, which the others predict.",
  }),
  prediction: choice(["average", "stacked"], {
    default: "average",
    about: "How the others predict a task that is left out.",
  }),
  rule: choice(["best", "one-standard-error"], {
    default: "best",
    about: "Take the best point, or the smallest support whose best error is within a standard error.",
  }),
  ...sparseMultiTaskPathOptions,
};
