/** Scales that are chosen among candidates. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { QuantizationState } from "./state.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Candidates for the scales of some rows. */
export interface QuantizationScaleArguments extends Pick<QuantizationState, "scales" | "zeros" | "maximumCode"> {
  /** Weights `T` [rows, columns]. */
  readonly targets: MatrixOperand;
  /** What the square of an error weighs in each column, `c` [columns]; f64. */
  readonly curvatures: VectorOperand;
  /** Candidates of each group, one group after the other [rows, groups * candidates]; those that are not positive do not count. */
  readonly candidates: MatrixOperand;
  /** Columns of a group; the last one has what they leave over. */
  readonly groupSize: number;
}

/** Kernels that choose scales. Rows split. */
export interface QuantizationScaleKernels {
  /**
   * Replaces `s` of each group by the candidate `s'` that loses least, `sum_j c_j (T_j - s' l_j)^2` with the nearest level
   * `l_j = clamp(round(T_j (1 / s')), -z, maximumCode - z)`, in f64; of equal ones by the largest. `s` stays where no loss is
   * a number.
   */
  quantizationScaleChoice(operands: QuantizationScaleArguments): Completion;
}

/** Their specifications. */
export const quantizationScaleSpecifications: FamilySpecifications<QuantizationScaleKernels> = {
  quantizationScaleChoice: {
    dtypes: ["f32", "f64"],
    tolerance: "exact",
  },
};
