/** Factors of a matrix of which some entries are observed. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * One Newton step of each line of a factor, and of its offset, on
 * `sum_k g_k d_k + h_k d_k^2 / 2 + penalty ||a_i + s||^2 / 2 + offsetPenalty (r_i + t)^2 / 2` where
 * `d_k = s . b_j + t` is what the steps `s` and `t` change of entry `k`: the minimum, found by a Cholesky factorisation.
 */
export interface FactorStepsArguments {
  /** Start of each line among `order`; one longer than the number of lines. */
  readonly indptr: DeviceArray<"u32">;
  /** The entries line by line, where they do not stand in that order themselves. */
  readonly order?: DeviceArray<"u32">;
  /** Which line of `other` each belongs to, in the order of `order`. */
  readonly indices: DeviceArray<"u32">;
  /** `g`, one an entry. */
  readonly gradients: VectorOperand;
  /** `h`, one an entry, not negative. */
  readonly curvatures: VectorOperand;
  /** `b` [other lines, rank], f64. */
  readonly other: MatrixOperand;
  /** Positive. */
  readonly penalty: number;
  /** Positive where there are offsets. */
  readonly offsetPenalty: number;
  /** `a` [lines, rank], updated in place. */
  readonly factor: MatrixOperand;
  /** `r`, one a line, updated in place; left out where there are no offsets. */
  readonly offsets?: VectorOperand;
}

/** Steps of factors. */
export interface FactorKernels {
  /** Ridge steps of the lines of a factor; lines split. */
  factorSteps(operands: FactorStepsArguments): Completion;
}

/** Their specifications. */
export const factorSpecifications: FamilySpecifications<FactorKernels> = {
  factorSteps: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
