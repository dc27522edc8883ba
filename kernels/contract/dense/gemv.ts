/** Products of a matrix and a vector. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** `y = alpha op(A) x + beta y`; with `beta` 0, `y` is written without being read. */
export interface GemvArguments {
  readonly a: MatrixOperand;
  /** `op(A)` is the transpose of `a`. @default false */
  readonly transpose?: boolean;
  readonly x: VectorOperand;
  readonly y: VectorOperand;
  /** @default 1 */
  readonly alpha?: number;
  /** @default 0 */
  readonly beta?: number;
}

/** The matrix-vector product. */
export interface GemvKernels {
  /** `y = alpha op(A) x + beta y`. */
  gemv(operands: GemvArguments): Completion;
}

/** Their specifications. */
export const gemvSpecifications: FamilySpecifications<GemvKernels> = {
  gemv: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
