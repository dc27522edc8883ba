/** Descent where entries of the data have weights. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** `sum_ij m_ij (x_ij - sum_t w_ti h_tj)^2` over `W >= 0`; rows of `x`, columns of `W`, are independent, and split. */
export interface WeightedSweepArguments {
  /** `x` [rows, columns]; 0 where the weight is. */
  readonly x: MatrixOperand;
  /** `m >= 0` [rows, columns]. */
  readonly weights: MatrixOperand;
  /** `h` [rank, columns]. */
  readonly components: MatrixOperand;
  /** `w >= 0` [rank, rows], updated in place. */
  readonly factor: MatrixOperand;
  /** Times that all entries are visited, 0 or more. @default 1 */
  readonly sweeps?: number;
  /** Receives `sum_j m_ij e_ij^2` of the residuals after the sweeps, f64 [rows]. */
  readonly losses: VectorOperand;
}

/** Coordinate descent with weights. */
export interface WeightedKernels {
  /**
   * Each entry of a column of `W` in turn, to its minimum with the others fixed: with the residual `e` of the row,
   * `w_t <- max(w_t + sum_j m_j e_j h_tj / sum_j m_j h_tj^2, 0)`. Entries whose divisor is 0, or too
   * small for a reciprocal (`constants.ts`), stay.
   */
  weightedSweep(operands: WeightedSweepArguments): Completion;
}

/** Their specifications. */
export const weightedSpecifications: FamilySpecifications<WeightedKernels> = {
  weightedSweep: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
