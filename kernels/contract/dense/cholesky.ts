/** The Cholesky factorisation. @module */

import type { Completion, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * `a` is symmetric positive definite (f64) and is replaced by the upper triangular `R` of `A = R R^T`; below it, zeros.
 * Only the upper triangle of `a` is read.
 */
export interface CholeskyArguments {
  readonly a: MatrixOperand;
  /**
   * Leading rows and columns that are not factored: the upper triangle of that block becomes its Schur complement,
   * which another call factors. So a large factorisation is cut into short calls. @default 0
   */
  readonly schur?: number;
}

/** The factorisation of a symmetric positive definite matrix. */
export interface CholeskyKernels {
  /** Factors in place from the last column to the first; returns the index of a pivot that is not positive, or -1. */
  cholesky(operands: CholeskyArguments): Completion<number>;
}

/** Their specifications. */
export const choleskySpecifications: FamilySpecifications<CholeskyKernels> = {
  cholesky: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
