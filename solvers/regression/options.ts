/** The options of sparse regression: what they mean in the interfaces, what they take in the tables. @module */

import { choice, flag, integer, list, number, type OptionTable, required } from "../core/options.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { type L0Options, l0Options, largestPenalty } from "../l0/options.ts";

/** How a sparse regression is solved. */
export type RegressionMethod = "coordinate-descent" | "local-search" | "exact";

/** Options that a single fit and a path share. */
export interface RegressionOptions extends L0Options {
  /** Ridge penalty, >= 0. @default 0 */
  readonly lambda2?: number;
  /** What to find: a coordinate-wise minimum, one that no swap improves, or a certified solution. @default "local-search" */
  readonly method?: RegressionMethod;
  /** Fit an unpenalised intercept. @default true */
  readonly intercept?: boolean;
  /**
   * Scale features to mean square 1, about their means where there is an intercept. Penalties, `bigM` and objective are
   * those of the scaled coefficients; the coefficients of the answer are in the units of the data. @default true
   */
  readonly standardize?: boolean;
  /** Decrease of a sweep, as a share of `||y||^2 / 2`, at which a descent has converged, 0 to 1. @default 1e-14 */
  readonly tolerance?: number;
}

/** Options of {@linkcode sparseRegression}. */
export interface SparseRegressionOptions extends RegressionOptions {
  /** Price of each nonzero coefficient, >= 0. */
  readonly lambda0: number;
}

/** Options of {@linkcode sparseRegressionPath}. */
export interface RegressionPathOptions extends RegressionOptions {
  /** The path ends before a support larger than this, >= 0. @default 100 */
  readonly maxSupport?: number;
  /** Most points, >= 1. @default 100 */
  readonly count?: number;
  /** Values of `lambda0` to visit, each >= 0. @default a grid that follows the data */
  readonly lambdas?: readonly number[];
}

/** Options of {@linkcode crossValidateRegression}. */
export interface RegressionCrossValidationOptions extends RegressionPathOptions {
  /** Number of folds, 2 to the number of samples. @default 5 */
  readonly folds?: number;
  /** `one-standard-error` takes the largest `lambda0` within a standard error of the best. @default "best" */
  readonly rule?: "best" | "one-standard-error";
}

const regressionOptions: OptionTable<RegressionOptions, OpenSolveOptions> = {
  lambda2: number({ least: 0, most: largestPenalty, default: 0, about: "Ridge penalty." }),
  method: choice(["coordinate-descent", "local-search", "exact"], {
    default: "local-search",
    about: "What to find: a coordinate-wise minimum, one that no swap improves, or a certified solution.",
  }),
  intercept: flag({ default: true, about: "Fit an unpenalised intercept." }),
  standardize: flag({
    default: true,
    about: "Scale features to mean square 1; penalties and `bigM` act on the scaled coefficients.",
  }),
  tolerance: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 1e-14,
    about: "Decrease of a sweep, as a share of half the response's sum of squares, at which a descent has converged.",
  }),
  ...l0Options,
};

/** Table of the options of {@linkcode sparseRegression}. */
export const sparseRegressionOptions: OptionTable<SparseRegressionOptions, OpenSolveOptions> = {
  lambda0: required(number({ least: 0, most: largestPenalty, about: "Price of each nonzero coefficient." })),
  ...regressionOptions,
};

/** Table of the options of {@linkcode sparseRegressionPath}. */
export const sparseRegressionPathOptions: OptionTable<RegressionPathOptions, OpenSolveOptions | "lambdas"> = {
  maxSupport: integer({ least: 0, most: 1e6, default: 100, about: "The path ends before a support larger than this." }),
  count: integer({ least: 1, most: 1e6, default: 100, about: "Most points of the path." }),
  lambdas: list({
    least: 0,
    most: largestPenalty,
    otherwise: "a grid that follows the data",
    about: "Values of `lambda0` to visit.",
  }),
  ...regressionOptions,
};

/** Table of the options of {@linkcode crossValidateRegression}. */
export const crossValidateRegressionOptions: OptionTable<
  RegressionCrossValidationOptions,
  OpenSolveOptions | "lambdas"
> = {
  folds: integer({ least: 2, most: 1e6, default: 5, about: "Folds of the cross-validation, at most the samples." }),
  rule: choice(["best", "one-standard-error"], {
    default: "best",
    about: "Take the best point, or the largest `lambda0` within a standard error of it.",
  }),
  ...sparseRegressionPathOptions,
};
