/** The options of completion by violations of bins. @module */

import type { VectorLike } from "../core/matrix.ts";
import { number, type OptionTable, required, vector } from "../core/options.ts";
import { type CompleteMatrixOptions, completeMatrixOptions, type OpenCompletionOptions } from "./options.ts";

/** Options of {@linkcode completeViolations}. */
export interface ViolationOptions extends Omit<CompleteMatrixOptions, "method" | "lambda"> {
  /** The boundaries between levels, rising, one fewer than there are levels, -1e99 to 1e99. */
  readonly boundaries: VectorLike;
  /**
   * Distance from a bin up to which its price is quadratic, and beyond which it is linear, in the units of the boundaries,
   * > 0. @default half the median width of the levels between two boundaries
   */
  readonly threshold?: number;
  /** Price of violations, beside the smoothed rank times the square of the width, > 0. @default 2 */
  readonly violationWeight?: number;
}

/** Options of a completion by violations that may stay undefined. */
export type OpenViolationOptions = Exclude<OpenCompletionOptions, "lambda"> | "threshold";

const { method: _method, lambda: _lambda, ...shared } = completeMatrixOptions;

/** Table of the options of {@linkcode completeViolations}. */
export const completeViolationsOptions: OptionTable<ViolationOptions, OpenViolationOptions> = {
  boundaries: required(vector({
    least: -1e99,
    most: 1e99,
    about: "The boundaries between levels, rising, one fewer than there are levels.",
  })),
  threshold: number({
    least: 0,
    above: true,
    most: 1e99,
    otherwise: "half the median width of the levels between two boundaries",
    about: "Distance from a bin up to which its price is quadratic, and linear beyond.",
  }),
  violationWeight: number({
    least: 0,
    above: true,
    most: 1e6,
    default: 2,
    about: "Price of violations, beside the smoothed rank times the square of the width.",
  }),
  ...shared,
};
