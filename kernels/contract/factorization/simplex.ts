/** Blocks of least squares over points of a simplex. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * `<w, M w> - 2 <p, w>` over the simplex for each column `w` of the factor: columns are independent, and split. The best
 * of the points of each column is kept, so that no column gets worse.
 */
export interface SimplexDescentArguments {
  /** `M` [rank, rank], symmetric positive semidefinite, f64. */
  readonly gram: MatrixOperand;
  /** The columns `p` [rank, columns]. */
  readonly linear: MatrixOperand;
  /** Columns on the simplex [rank, columns], updated in place. */
  readonly factor: MatrixOperand;
  /** Length of a gradient step: at most one over the largest eigenvalue of `M` on vectors that sum to zero. */
  readonly step: number;
  /** Accelerated steps to take, 0 or more. */
  readonly steps: number;
}

/**
 * An extrapolated gradient step of each row, without the projection after it: with `y = x + b (x - x')` and
 * `g = q + b (q - q')`, `target = y - step (g - p)`. Rows are independent, and split.
 */
export interface ExtrapolatedStepArguments {
  /** The point `x` [rows, columns] and the one before it, `x'`. */
  readonly x: MatrixOperand;
  readonly before: MatrixOperand;
  /** Their images `q` and `q'` under the quadratic form [rows, columns]. */
  readonly image: MatrixOperand;
  readonly imageBefore: MatrixOperand;
  /** `p` [rows, columns]. */
  readonly linear: MatrixOperand;
  /** `b`, f64, one a row. */
  readonly momenta: VectorOperand;
  readonly step: number;
  /** [rows, columns]. */
  readonly target: MatrixOperand;
}

/** Accelerated projected gradients. */
export interface SimplexBlockKernels {
  /**
   * Projected gradients with Nesterov's momentum (Beck & Teboulle 2009), each column with a momentum of its own: a step
   * that does not improve a column is not taken, and its momentum begins again (O'Donoghue & Candes 2015).
   */
  simplexDescent(operands: SimplexDescentArguments): Completion;
  /** A step of many columns, to be projected. */
  extrapolatedStep(operands: ExtrapolatedStepArguments): Completion;
}

/** Their specifications. */
export const simplexBlockSpecifications: FamilySpecifications<SimplexBlockKernels> = {
  simplexDescent: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  extrapolatedStep: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
