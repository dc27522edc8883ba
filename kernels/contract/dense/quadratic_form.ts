/** Quadratic forms. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * Columns that kernels may take together. A quadratic form in several calls, one range of columns after the other,
 * gives the bits of one call where the ranges meet at multiples of it.
 */
export const formBlock = 128;

/**
 * `values[i] = x_i A x_i^T` for each row of `x`, accumulated in f64 whatever the dtype of `x` and `a`.
 *
 * Column `j` brings `x_j (A_jj x_j + 2 sum_{k < j} A_jk x_k)`, which costs as much as there are columns before it.
 */
export interface QuadraticFormArguments {
  readonly x: MatrixOperand;
  /** Symmetric. */
  readonly a: MatrixOperand;
  /** f64, one element a row of `x`. */
  readonly values: VectorOperand;
  /** First column to count; from a later one than the first on, `values` are added to. @default 0 */
  readonly begin?: number;
  /** The column after the last one to count. @default columns */
  readonly end?: number;
}

/** The quadratic form of each row of a matrix. */
export interface QuadraticFormKernels {
  /** `diag(X A X^T)` in f64: the certificate's kernel, apart from the fast path. */
  quadraticForm(operands: QuadraticFormArguments): Completion;
}

/** Their specifications. */
export const quadraticFormSpecifications: FamilySpecifications<QuadraticFormKernels> = {
  quadraticForm: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
