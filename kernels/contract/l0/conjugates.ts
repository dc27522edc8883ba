/** Sums of conjugates: what dual points leave of a bound. @module */

import type { L0Penalty } from "./penalty.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Sums the conjugates of free edges at scaled derivatives: what a dual point and its multiples leave of the bound. */
export interface ScaledConjugatesArguments {
  /** Vertex of the first row. */
  readonly first: number;
  /** [rows, vertices]; what is right of the diagonal counts. */
  readonly gradient: MatrixOperand;
  /** Status of every edge, row by row: `{i, j}` has the number `i vertices - i (i + 1) / 2 + j - i - 1`. */
  readonly statuses: DeviceArray<"u8">;
  /** Ascending, in (0, 1]. */
  readonly scales: VectorOperand;
  readonly penalty: L0Penalty;
  /** Receives `sum_j psi*(s u_ij)` over the free edges of each row for each scale `s` [rows, scales]. */
  readonly sums: MatrixOperand;
  /**
   * Receives the largest magnitude of a derivative along a free edge in each row, 0 where none exceeds the threshold.
   */
  readonly largest: VectorOperand;
}

/** Sums of conjugates. Rows split. */
export interface ConjugateKernels {
  /** Sums of conjugates at several multiples of the gradient; rows split. */
  scaledConjugates(operands: ScaledConjugatesArguments): Completion;
}

/** Their specifications. */
export const conjugateSpecifications: FamilySpecifications<ConjugateKernels> = {
  scaledConjugates: {
    dtypes: ["f64"],
    tolerance: "sum",
  },
};
