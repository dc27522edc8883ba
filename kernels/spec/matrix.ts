/** Kernels over dense matrices. @module */

import type { FamilySpecs } from "./contract.ts";
import type { Completion, FloatDtype, MatrixOperand, VectorOperand } from "./operands.ts";

/**
 * `C = alpha op(A) op(B) + beta C`; with `beta` 0, `C` is written without being read. On devices with f16, `a` and `b` may
 * each be stored in it: their elements are widened and summed in f32.
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

/** `C = alpha A^T A + beta C`, both triangles, bit-symmetric; `a` may be f32 where `c` is f64. */
export interface SyrkArguments {
  readonly a: MatrixOperand;
  readonly c: MatrixOperand;
  /** @default 1 */
  readonly alpha?: number;
  /** @default 0 */
  readonly beta?: number;
}

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

/**
 * `a` is symmetric positive definite (f64) and is replaced by the upper triangular `R` of `A = R R^T`; below it, zeros.
 * Only the upper triangle of `a` is read.
 */
export interface CholeskyArguments {
  readonly a: MatrixOperand;
  /**
   * Leading rows and columns that are not factored: the upper triangle of that block becomes its Schur complement, which
   * another call factors. So a large factorisation is cut into short calls. @default 0
   */
  readonly schur?: number;
}

/**
 * Columns that kernels may take together. A quadratic form in several calls, one range of columns after the other, gives
 * the bits of one call where the ranges meet at multiples of it.
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

/** The matrix family. */
export interface MatrixKernels {
  /** `C = alpha op(A) op(B) + beta C`. */
  gemm(operands: GemmArguments): Completion;
  /** `C = alpha A^T A + beta C`. */
  syrk(operands: SyrkArguments): Completion;
  /** `y = alpha op(A) x + beta y`. */
  gemv(operands: GemvArguments): Completion;
  /** Factors in place from the last column to the first; returns the index of a pivot that is not positive, or -1. */
  cholesky(operands: CholeskyArguments): Completion<number>;
  /** `diag(X A X^T)` in f64: the certificate's kernel, apart from the fast path. */
  quadraticForm(operands: QuadraticFormArguments): Completion;
}

/** Specifications of the matrix family. */
export const matrixSpecs: FamilySpecs<MatrixKernels> = {
  gemm: {
    summary: "C = alpha op(A) op(B) + beta C",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ a, c }) => 2 * c.columns * a.rows * a.columns,
    traffic: ({ a, b, c }) => a.rows * a.columns + b.rows * b.columns + 2 * c.rows * c.columns,
  },
  syrk: {
    summary: "C = alpha A^T A + beta C",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ a }) => a.rows * a.columns * (a.columns + 1),
    traffic: ({ a, c }) => a.rows * a.columns + 2 * c.rows * c.columns,
  },
  gemv: {
    summary: "y = alpha op(A) x + beta y",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ a }) => 2 * a.rows * a.columns,
    traffic: ({ a, x, y }) => a.rows * a.columns + x.length + 2 * y.length,
  },
  cholesky: {
    summary: "A = R R^T, R upper triangular",
    dtypes: ["f64"],
    tolerance: "solve",
    flops: ({ a, schur = 0 }) => (a.rows ** 3 - schur ** 3) / 3,
    traffic: ({ a }) => 2 * a.rows * a.columns,
  },
  quadraticForm: {
    summary: "diag(X A X^T)",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ x, begin = 0, end = x.columns }) => x.rows * (end - begin) * (begin + end + 1),
    traffic: ({ x, a, begin = 0, end = x.columns }) => x.rows * end + (end - begin) * a.columns,
  },
};
