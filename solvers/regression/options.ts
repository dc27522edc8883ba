/** The options of sparse regression: what they mean in the interfaces, what they take in the tables. @module */

import type { VectorLike } from "../core/matrix.ts";
import {
  choice,
  flag,
  indices,
  type IndicesLike,
  integer,
  list,
  number,
  numbers,
  type OptionTable,
  vector,
} from "../core/options.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { type L0Options, l0Options, largestPenalty } from "../l0/options.ts";

/** How a sparse regression is solved. */
export type RegressionMethod = "auto" | "coordinate-descent" | "local-search" | "exact";

/** Options that a single fit and a path share. */
export interface RegressionOptions extends L0Options {
  /** Ridge penalty, >= 0. @default 0 */
  readonly lambda2?: number;
  /**
   * What to find: a coordinate-wise minimum, one that no move of one feature or a pair improves, a certified solution, or
   * by `auto` the best of several starts, certified where the problem is small enough for it. @default "auto"
   */
  readonly method?: RegressionMethod;
  /** Fit an unpenalised intercept. @default true */
  readonly intercept?: boolean;
  /**
   * Scale features to mean square 1, about their means where there is an intercept. Penalties, `bigM` and objective are
   * those of the scaled coefficients; the coefficients of the answer are in the units of the data. @default true
   */
  readonly standardize?: boolean;
  /** Least coefficients in the units of the data, one for all or one a feature, <= 0; -1e100 is none. @default none */
  readonly lower?: number | VectorLike;
  /** Largest coefficients in the units of the data, one for all or one a feature, >= 0; 1e100 is none. @default none */
  readonly upper?: number | VectorLike;
  /** Features that are always in the support: `lambda0` does not price them, `size` counts them. @default none */
  readonly always?: IndicesLike;
  /** Weight of each sample, >= 0: a row of weight 2 counts as two rows. @default 1 each */
  readonly weights?: VectorLike;
  /** Decrease of a sweep, as a share of `||y||^2 / 2`, at which a descent has converged, 0 to 1. @default 1e-14 */
  readonly tolerance?: number;
}

/** Options of {@linkcode sparseRegression}. */
export interface SparseRegressionOptions extends RegressionOptions {
  /** Price of each nonzero coefficient, >= 0; either it or `size` must be given. @default none */
  readonly lambda0?: number;
  /** Most features, >= 0: the best subset of at most so many, instead of a price. @default none */
  readonly size?: number;
  /** Coefficients to start from, one a feature, in the units of the data. @default zeros */
  readonly initial?: VectorLike;
}

/** Options of {@linkcode sparseRegressionPath}. */
export interface RegressionPathOptions extends RegressionOptions {
  /** The path ends before a support larger than this, >= 0. @default 100 */
  readonly maxSupport?: number;
  /** Most points, >= 1. @default 100 */
  readonly count?: number;
  /** Values of `lambda0` to visit, each >= 0, the largest first. @default a grid that follows the data */
  readonly lambdas?: readonly number[];
}

/** Options of {@linkcode crossValidateRegression}. */
export interface RegressionCrossValidationOptions extends Omit<RegressionPathOptions, "lambda2"> {
  /** Ridge penalties, >= 0: one, or several among which is chosen. @default 0 */
  readonly lambda2?: number | VectorLike;
  /** Number of folds, 2 to the number of samples or groups. @default 5, or as many as there are */
  readonly folds?: number;
  /** Times that the folds are drawn, >= 1. @default 1 */
  readonly repeats?: number;
  /** The fold of each sample, 0 up, instead of folds that are drawn. @default drawn */
  readonly foldOf?: IndicesLike;
  /** The group of each sample: those of a group stay in one fold. @default none */
  readonly groups?: IndicesLike;
  /**
   * `one-standard-error` takes the largest `lambda0` within a standard error of the best; of several `lambda2` the one whose
   * model has the fewest features. @default "best"
   */
  readonly rule?: "best" | "one-standard-error";
}

/** Options of every regression that may stay undefined. */
export type OpenRegressionOptions = OpenSolveOptions | "lower" | "upper" | "always" | "weights";

const regressionOptions: OptionTable<RegressionOptions, OpenRegressionOptions> = {
  lambda2: number({ least: 0, most: largestPenalty, default: 0, about: "Ridge penalty." }),
  method: choice(["auto", "coordinate-descent", "local-search", "exact"], {
    default: "auto",
    about: "What to find: the best of several starts, certified where that is cheap; a coordinate-wise minimum; " +
      "one that no move of one feature or a pair improves; or a certified solution.",
  }),
  intercept: flag({ default: true, about: "Fit an unpenalised intercept." }),
  standardize: flag({
    default: true,
    about: "Scale features to mean square 1; penalties and `bigM` act on the scaled coefficients.",
  }),
  lower: numbers({
    least: -largestPenalty,
    most: 0,
    otherwise: "none",
    about: "Least coefficients in the units of the data, for all or one a feature.",
  }),
  upper: numbers({
    least: 0,
    most: largestPenalty,
    otherwise: "none",
    about: "Largest coefficients in the units of the data, for all or one a feature.",
  }),
  always: indices({
    otherwise: "none",
    about: "Features that are always in the support: `lambda0` does not price them, `size` counts them.",
  }),
  weights: vector({
    least: 0,
    most: 1e12,
    otherwise: "1 each",
    about: "Weight of each sample: a row of weight 2 counts as two rows.",
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

/** Options of one regression that may stay undefined. */
export type OpenSingleOptions = OpenRegressionOptions | "lambda0" | "size" | "initial";

/** Table of the options of {@linkcode sparseRegression}. */
export const sparseRegressionOptions: OptionTable<SparseRegressionOptions, OpenSingleOptions> = {
  lambda0: number({
    least: 0,
    most: largestPenalty,
    otherwise: "none",
    about: "Price of each nonzero coefficient; a single solve is given either it or `size`.",
  }),
  size: integer({
    least: 0,
    most: 1e9,
    otherwise: "none",
    about: "Most features: the best subset of at most so many, instead of a price.",
  }),
  ...regressionOptions,
  initial: vector({
    least: -1e300,
    most: 1e300,
    otherwise: "zeros",
    about: "Coefficients to start from, one a feature, in the units of the data.",
  }),
};

/** Table of the options of {@linkcode sparseRegressionPath}. */
export const sparseRegressionPathOptions: OptionTable<RegressionPathOptions, OpenRegressionOptions | "lambdas"> = {
  maxSupport: integer({ least: 0, most: 1e6, default: 100, about: "The path ends before a support larger than this." }),
  count: integer({ least: 1, most: 1e6, default: 100, about: "Most points of the path." }),
  lambdas: list({
    least: 0,
    most: largestPenalty,
    otherwise: "a grid that follows the data",
    about: "Values of `lambda0` to visit, the largest first.",
  }),
  ...regressionOptions,
};

/** Options of a cross-validation that may stay undefined. */
export type OpenCrossValidationOptions = OpenRegressionOptions | "lambdas" | "folds" | "foldOf" | "groups";

/** Table of the options of {@linkcode crossValidateRegression}. */
export const crossValidateRegressionOptions: OptionTable<
  RegressionCrossValidationOptions,
  OpenCrossValidationOptions
> = {
  folds: integer({
    least: 2,
    most: 1e6,
    otherwise: "5, or as many as there are",
    about: "Folds of the cross-validation, at most the samples or groups.",
  }),
  repeats: integer({ least: 1, most: 1e4, default: 1, about: "Times that the folds are drawn." }),
  foldOf: indices({ otherwise: "drawn", about: "The fold of each sample, 0 up, instead of folds that are drawn." }),
  groups: indices({ otherwise: "none", about: "The group of each sample: those of a group stay in one fold." }),
  rule: choice(["best", "one-standard-error"], {
    default: "best",
    about: "Take the best point, or the largest `lambda0` within a standard error of it.",
  }),
  ...sparseRegressionPathOptions,
  lambda2: numbers({
    least: 0,
    most: largestPenalty,
    default: 0,
    about: "Ridge penalties: one, or several among which is chosen.",
  }),
};
