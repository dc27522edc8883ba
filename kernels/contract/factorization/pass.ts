/** Weights and the linear part that follows from them, in one pass over the data. @module */

import type { Completion, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Most rows of the data whose sums are one part, nearly. */
const partRows = 128;

/** Parts of the sums of a pass over so many rows: an even number, which two threads share evenly. */
export const passParts = (rows: number): number => 2 * Math.ceil(rows / (2 * partRows));

/** `X ~ W H` for few components; rows of `X`, columns of `W`, split. */
export interface NonnegativePassArguments {
  /** `X` [rows, columns]. */
  readonly x: MatrixOperand;
  /** `H` [rank, columns]. */
  readonly components: MatrixOperand;
  /** `H H^T` [rank, rank], f64. */
  readonly gram: MatrixOperand;
  /** Transposed weights `W` [rank, rows], updated in place. */
  readonly factor: MatrixOperand;
  /** Times that all rows of `W` are visited, 1 or more. @default 1 */
  readonly sweeps?: number;
  /** Working memory [passParts(rows) x rank, columns]. */
  readonly parts: MatrixOperand;
  /** Working memory [passParts(rows) x rank, rank], f64. */
  readonly gramParts: MatrixOperand;
  /** Receives `W X` [rank, columns]. */
  readonly linear: MatrixOperand;
  /** Receives `W W^T` [rank, rank], f64. */
  readonly factorGram: MatrixOperand;
}

/** Passes over the data. */
export interface PassKernels {
  /**
   * `nonnegativeSweep` on the weights, with the linear part `H X^T`; then, of the weights after it, `linear = W X` and
   * `factorGram = W W^T`. The data are read once, so that a pass is as long as it takes to read them where components are
   * few.
   */
  nonnegativePass(operands: NonnegativePassArguments): Completion;
}

/** Their specifications. */
export const passSpecifications: FamilySpecifications<PassKernels> = {
  nonnegativePass: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
