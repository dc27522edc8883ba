/** Blocks of least squares over factors that are not negative. @module */

import type { Completion, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** `<H, M H> / 2 - <R, H>` over `H >= 0`; columns of `H` are independent, and split. */
export interface NonnegativeBlock {
  /** `M` [rank, rank], symmetric positive semidefinite, f64. */
  readonly gram: MatrixOperand;
  /** `R` [rank, columns]. */
  readonly linear: MatrixOperand;
  /** `H` [rank, columns], updated in place. */
  readonly factor: MatrixOperand;
}

/** Rows of `H` in turn, each to its minimum with the others fixed. */
export interface NonnegativeSweepArguments extends NonnegativeBlock {
  /** Times that all rows are visited, 1 or more. @default 1 */
  readonly sweeps?: number;
  /** Entries that are zero stay zero. @default false */
  readonly supported?: boolean;
}

/** A projected gradient step: `H <- max(H + step (R - M H), 0)`. */
export interface NonnegativeStepArguments extends NonnegativeBlock {
  readonly step: number;
}

/** Descents of the block. */
export interface NonnegativeKernels {
  /**
   * Hierarchical alternating least squares: `H_j <- max(H_j + (R_j - M_j H) / M_jj, 0)` for each row `j` in turn (Cichocki
   * & Phan 2009). Rows whose `M_jj` is zero, or too small for a reciprocal (`constants.ts`), stay.
   */
  nonnegativeSweep(operands: NonnegativeSweepArguments): Completion;
  /** One projected gradient step. */
  nonnegativeStep(operands: NonnegativeStepArguments): Completion;
}

/** Their specifications. */
export const nonnegativeSpecifications: FamilySpecifications<NonnegativeKernels> = {
  nonnegativeSweep: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  nonnegativeStep: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
