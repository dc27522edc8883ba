/** The options of matrix completion: what they mean in the interfaces, what they take in the tables. @module */

import { choice, flag, integer, number, type OptionTable } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

/** How a matrix is completed. */
export type CompletionMethod = "srf" | "soft-impute";

/** Options of {@linkcode completeMatrix} and {@linkcode updateCompletion}. */
export interface CompleteMatrixOptions extends SolveOptions {
  /**
   * `srf` minimises the smoothed rank function over ever smaller widths; `soft-impute` the squared error with the nuclear
   * norm as its price, a convex problem. @default "srf"
   */
  readonly method?: CompletionMethod;
  /**
   * Most singular values that are kept, >= 1.
   * @default what the entries can determine; where the matrix is large, at most 50
   */
  readonly rankLimit?: number;
  /**
   * Price of the nuclear norm for `soft-impute`, in the units of the values, > 0. @default chosen by held-out entries
   */
  readonly lambda?: number;
  /** Factor from one width of `srf`, or price of a path, to the next, above 0 and below 1. @default 0.95 */
  readonly widthDecay?: number;
  /**
   * Least width of `srf`, as a share of the largest singular value of the matrix filled with zeros, 0 to 4.
   * @default chosen by held-out entries
   */
  readonly leastWidth?: number;
  /** Steps at each width, >= 1. @default 8 */
  readonly innerIterations?: number;
  /**
   * Share of the entries that are held out to choose the width or the price; the answer is fitted to all. With 0, the
   * width falls until nothing changes, which is right for entries without noise alone. 0 to 0.5. @default 0.1
   */
  readonly holdout?: number;
  /**
   * Fit a mean, and what rows and columns add to it, first. @default where it predicts the held-out entries better
   */
  readonly offsets?: boolean;
  /** Most steps, each a shrinkage of the singular values, >= 1. @default 10000 */
  readonly maxIterations?: number;
  /** Root mean square change over a width, as a share of that of the values, at which to stop, 0 to 1. @default 0.00001 */
  readonly tolerance?: number;
}

/** Options of {@linkcode completeMatrixPath}. */
export interface CompletionPathOptions extends Omit<CompleteMatrixOptions, "lambda" | "leastWidth"> {
  /** Most points, >= 1. @default 100 */
  readonly count?: number;
}

/** Options of a path that may stay undefined. */
export type OpenCompletionPathOptions = OpenSolveOptions | "rankLimit" | "offsets";

/** Options of a completion that may stay undefined. */
export type OpenCompletionOptions = OpenCompletionPathOptions | "lambda" | "leastWidth";

const shared: OptionTable<Omit<CompleteMatrixOptions, "lambda" | "leastWidth">, OpenCompletionPathOptions> = {
  method: choice(["srf", "soft-impute"], {
    default: "srf",
    about: "Minimise the smoothed rank function, or the squared error with the nuclear norm as its price.",
  }),
  rankLimit: integer({
    least: 1,
    most: 1e6,
    otherwise: "what the entries can determine; where the matrix is large, at most 50",
    about: "Most singular values that are kept.",
  }),
  widthDecay: number({
    least: 0,
    above: true,
    most: 0.999,
    default: 0.95,
    about: "Factor from one width, or price of a path, to the next.",
  }),
  innerIterations: integer({ least: 1, most: 1e6, default: 8, about: "Steps at each width." }),
  holdout: number({
    least: 0,
    most: 0.5,
    unit: "share",
    default: 0.1,
    about: "Entries held out to choose the width or the price; with 0, the width falls until nothing changes.",
  }),
  offsets: flag({
    otherwise: "where it predicts the held-out entries better",
    about: "Fit a mean, and what rows and columns add to it, first.",
  }),
  maxIterations: integer({ least: 1, most: 1e9, default: 10_000, about: "Most steps." }),
  tolerance: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 1e-5,
    about: "Root mean square change over a width, as a share of that of the values, at which to stop.",
  }),
  ...solveOptions,
};

/** Table of the options of {@linkcode completeMatrix}. */
export const completeMatrixOptions: OptionTable<CompleteMatrixOptions, OpenCompletionOptions> = {
  ...shared,
  lambda: number({
    least: 0,
    above: true,
    most: 1e100,
    otherwise: "chosen by held-out entries",
    about: "Price of the nuclear norm for `soft-impute`, in the units of the values.",
  }),
  leastWidth: number({
    least: 0,
    most: 4,
    unit: "share",
    otherwise: "chosen by held-out entries",
    about: "Least width of `srf`, as a share of the largest singular value of the matrix filled with zeros.",
  }),
};

/** Table of the options of {@linkcode completeMatrixPath}. */
export const completeMatrixPathOptions: OptionTable<CompletionPathOptions, OpenCompletionPathOptions> = {
  count: integer({ least: 1, most: 1e6, default: 100, about: "Most points of the path." }),
  ...shared,
};
