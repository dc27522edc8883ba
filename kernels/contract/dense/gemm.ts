/** Matrix products. @module */

import type { Completion, FloatDtype, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * `C = alpha op(A) op(B) + beta C`; with `beta` 0, `C` is written without being read. On devices with f16, `a` and `b`
 * may each be stored in it: their elements are widened and summed in f32.
 */
export interface GemmArguments {
  readonly a: MatrixOperand<FloatDtype | "f16">;
  readonly b: MatrixOperand<FloatDtype | "f16">;
  readonly c: MatrixOperand;
  /** `op(A)` is the transpose of `a`. @default false */
  readonly transposeA?: boolean;
  /** `op(B)` is the transpose of `b`. @default false */
  readonly transposeB?: boolean;
  /** @default 1 */
  readonly alpha?: number;
  /** @default 0 */
  readonly beta?: number;
}

/** The general matrix product. */
export interface GemmKernels {
  /** `C = alpha op(A) op(B) + beta C`. */
  gemm(operands: GemmArguments): Completion;
}

/** Their specifications. */
export const gemmSpecifications: FamilySpecifications<GemmKernels> = {
  gemm: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};

/** Floating-point operations of a product; a multiply-add counts two. */
export function gemmFlops({ a, c }: Pick<GemmArguments, "a" | "c">): number {
  return 2 * c.columns * a.rows * a.columns;
}
