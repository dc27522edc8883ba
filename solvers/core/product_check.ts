/** Freivalds' check of matrix products: one product with a random vector tells whether all rows are right. @module */

import { BackendError } from "../../kernels/engine/mod.ts";
import { createRandom } from "./random.ts";

/** Largest of the random weights, as a multiple of one over the norm of the column. */
const largestWeight = 1.5;

/** Random signs over the norms of the columns of some data, so that every column counts alike; 0 for a zero column. */
export function randomWeights(squaredNorms: ArrayLike<number>, seed = 0): Float64Array {
  const random = createRandom(seed);
  // Signs of varying size: no error of a few equal entries cancels.
  return Float64Array.from(squaredNorms, (square) => {
    const weight = (random.integer(2) ? 1 : -1) * (largestWeight - random.uniform());
    return square > 0 ? weight / Math.sqrt(square) : 0;
  });
}

/** A row of `X^T X` and what its check knows of it. */
export interface CheckedRow {
  /** What it is, for the error. */
  readonly name: string;
  /** The row of the kernels times the random weights. */
  readonly received: number;
  /** `x . (X weights)` by plain sums. */
  readonly expected: number;
  /** `||x||` of the column that the row belongs to. */
  readonly norm: number;
  /** Rows and columns of `X`. */
  readonly samples: number;
  readonly features: number;
  /**
   * Error of an entry of the row as a share of the norms of its two columns, where it is not summed in f64. @default 0
   */
  readonly unit?: number;
}

/**
 * Compares a row with plain sums. Weights over the norms make every term at most `1.5 norm`, so that both sums are
 * within `(samples + features) u 1.5 norm features`; errors of single entries come in with random signs, and so are
 * within eight times their root mean square sum but once in 10^13 (Hoeffding 1963).
 *
 * @throws {BackendError} where they differ by more
 */
export function checkGramRow({ name, received, expected, norm, samples, features, unit = 0 }: CheckedRow): void {
  const summing = 2 * Number.EPSILON * (samples + features) * features;
  if (Math.abs(received - expected) <= largestWeight * norm * (summing + 8 * unit * Math.sqrt(features))) return;
  throw new BackendError(
    `Cannot trust the kernels: ${name} times a random vector is ${received}, but ${expected} by plain sums.`,
  );
}
