/** The matrix that a completion works on. @module */

import type { Pause } from "../spectral/operands.ts";
import type { Shrinkage } from "./shrinkage.ts";

/** A matrix of low rank, `left right^T`, whose columns have the roots of its singular values for lengths. */
export interface Factors {
  /** [rows, rank], row-major. */
  readonly left: Float64Array;
  /** [columns, rank], row-major. */
  readonly right: Float64Array;
  /** Singular values, falling. */
  readonly values: Float64Array;
}

/** The zero matrix. */
export const noFactors: Factors = {
  left: new Float64Array(0),
  right: new Float64Array(0),
  values: new Float64Array(0),
};

/**
 * A matrix `X` that has the observed entries, and between them what the last step made of it: a matrix `Y` of low rank, up
 * to the weights of entries below 1, by which `X` lies between `Y` and what was observed.
 */
export interface Iterate {
  /** The largest singular value of `X`, to a few digits at least. */
  largest(pause: Pause): Promise<number>;
  /**
   * Shrinks the singular values of `X`, and fills in what was observed; gives what they cost before. What was observed is filled
   * into `Y` extrapolated by `momentum` times its change, 0 unless given. Where a pause throws, `Y` is that of a whole step,
   * and no step must follow.
   */
  step(shrinkage: Shrinkage, pause: Pause, momentum?: number): Promise<number>;
  /** Notes `Y`, for `change`. */
  mark(): void;
  /** Root mean square difference between `X` and what was noted, over all entries. */
  change(): Promise<number>;
  /** `Y` at some entries. */
  at(rows: Uint32Array, columns: Uint32Array): Float64Array;
  /** `Y` by its factors: copies. */
  factors(pause?: Pause): Promise<Factors>;
  /** Makes the factors `Y`: of orthogonal columns, as long as the roots of the singular values. */
  restore(factors: Factors, pause?: Pause): Promise<void>;
  /** The singular values of `Y`, in the order of those of `X`. */
  values(): Float64Array;
  /** Frees its memory. */
  release(): void;
}
