/** Products of sparse and dense matrices. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Which entries of a matrix there are, line by line: rows where they are compressed (CSR), columns for CSC. */
export interface SparsePattern {
  /** Start of each line; one longer than their number. */
  readonly indptr: DeviceArray<"u32">;
  /** Where each entry stands in its line. */
  readonly indices: DeviceArray<"u32">;
}

/** A sparse matrix, as its compressed lines. */
export interface SparseOperand extends SparsePattern {
  /** One number an entry. */
  readonly values: VectorOperand;
  /**
   * Which of `values` each entry has: so rows and columns, compressed both, share one list of values.
   *
   * @default in order
   */
  readonly positions?: DeviceArray<"u32">;
}

/** `Y = alpha S X + beta Y` for the lines of `S`: of a CSC matrix, this is the product with its transpose. */
export interface SparseProductArguments {
  readonly s: SparseOperand;
  readonly x: MatrixOperand;
  /** One row a line of `s`; with `beta` 0, it is not read. */
  readonly y: MatrixOperand;
  /** @default 1 */
  readonly alpha?: number;
  /** @default 0 */
  readonly beta?: number;
}

/** `values[e] = alpha left_i . right_j + base[e]` for the entries `e` of a pattern, at line `i` and index `j`. */
export interface SampledProductArguments {
  readonly pattern: SparsePattern;
  /** One row a line. */
  readonly left: MatrixOperand;
  /** One row an index. */
  readonly right: MatrixOperand;
  readonly values: VectorOperand;
  /** @default zeros */
  readonly base?: VectorOperand;
  /** @default 1 */
  readonly alpha?: number;
}

/** `y[i, j] += share[e] (values[e] - y[i, j])` for the entries `e` of a pattern, at line `i` and index `j`. */
export interface SparseFillArguments {
  /** Indices of a line differ. */
  readonly pattern: SparsePattern;
  readonly values: VectorOperand;
  /** From 0 to 1. @default ones: the values take the places of what was there */
  readonly shares?: VectorOperand;
  /** One row a line; what the pattern does not have stays. */
  readonly y: MatrixOperand;
}

/** The sparse kernels. */
export interface SparseKernels {
  /** Sparse times dense. */
  sparseProduct(operands: SparseProductArguments): Completion;
  /** Some entries of a product of dense matrices. */
  sampledProduct(operands: SampledProductArguments): Completion;
  /** Entries put into a dense matrix, or on the way to them. */
  sparseFill(operands: SparseFillArguments): Completion;
}

/** Their specifications. */
export const sparseSpecifications: FamilySpecifications<SparseKernels> = {
  sparseProduct: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  sampledProduct: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  sparseFill: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
