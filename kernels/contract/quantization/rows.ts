/** What is asked of rows between the passes: errors, objectives, codes, and the better of two states. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { QuantizationState } from "./state.ts";
import type { FamilySpecifications } from "../specification.ts";

/** How far the weights `s l` are from what they approximate. */
export interface QuantizationErrorsArguments extends Pick<QuantizationState, "levels" | "scales" | "columnGroups"> {
  /** Targets `T` [rows, columns] in weight units, replaced by the errors `T - s l`. */
  readonly targets: MatrixOperand;
}

/** What each row adds to `||(T - s l) X||^2`. */
export interface QuantizationObjectivesArguments
  extends Pick<QuantizationState, "levels" | "residual" | "scales" | "columnGroups"> {
  /** Targets `T` [rows, columns] in weight units; `residual` is `(T - s l) M`. */
  readonly targets: MatrixOperand;
  /** The diagonal `c` that was divided out of the coupling [columns]; f64, and f32 on devices, which have no other. */
  readonly curvatures: VectorOperand;
  /** Receives the objectives [rows], in the dtype of `curvatures`. */
  readonly objectives: VectorOperand;
}

/** Codes of levels that are on the grid. */
export interface QuantizationCodesArguments extends Pick<QuantizationState, "levels" | "zeros" | "columnGroups"> {
  /**
   * Receives the codes `l + z`, a byte each, row after row in the order of memory; every row begins a word of its own,
   * and takes `ceil(columns / 4)` of them. What is left of a row's last word is 0.
   */
  readonly codes: DeviceArray<"u32">;
}

/** Levels, residual and objectives of some rows. */
export interface QuantizationCandidate extends Pick<QuantizationState, "levels" | "residual"> {
  /** One number a row; f64, and f32 on devices, which have no other. */
  readonly objectives: VectorOperand;
}

/** Two states of the same rows, in arrays of their own; afterwards they are the same. */
export interface QuantizationChoiceArguments {
  readonly best: QuantizationCandidate;
  /** Taken where its objective is lower. */
  readonly reached: QuantizationCandidate;
}

/** Kernels over rows between the passes. Rows split. */
export interface QuantizationRowKernels {
  /** `T <- T - s l`, computed in f64 where the backend has it. */
  quantizationErrors(operands: QuantizationErrorsArguments): Completion;
  /**
   * `sum_j (T - s l)_ij G_ij c_j` for each row, in f64 where the backend has it, in an order that columns alone give.
   */
  quantizationObjectives(operands: QuantizationObjectivesArguments): Completion;
  /** The codes of levels on the grid, packed. */
  quantizationCodes(operands: QuantizationCodesArguments): Completion;
  /** Each row of both states becomes that of the better one: `reached` where its objective is lower, else `best`. */
  quantizationChoice(operands: QuantizationChoiceArguments): Completion;
}

/** Their specifications. */
export const quantizationRowSpecifications: FamilySpecifications<QuantizationRowKernels> = {
  quantizationErrors: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  quantizationObjectives: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  quantizationCodes: {
    dtypes: ["f32", "f64"],
    tolerance: "exact",
  },
  quantizationChoice: {
    dtypes: ["f32", "f64"],
    tolerance: "exact",
  },
};
