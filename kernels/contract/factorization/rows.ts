/** Inner products of rows, in f64 whatever the dtype of the rows. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** `values[i] = x_i . y_i`. */
export interface RowDotsArguments {
  readonly x: MatrixOperand;
  readonly y: MatrixOperand;
  /** f64, one a row. */
  readonly values: VectorOperand;
}

/** `gram[i][j] = a_i . a_j`, both triangles. */
export interface RowGramArguments {
  readonly a: MatrixOperand;
  /** [rows, rows], f64. */
  readonly gram: MatrixOperand;
}

/** Inner products of rows. Rows split. */
export interface RowProductKernels {
  /** Each row of `x` with that of `y`. */
  rowDots(operands: RowDotsArguments): Completion;
  /** The Gram matrix of few long rows. */
  rowGram(operands: RowGramArguments): Completion;
}

/** Their specifications. */
export const rowProductSpecifications: FamilySpecifications<RowProductKernels> = {
  rowDots: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  rowGram: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
