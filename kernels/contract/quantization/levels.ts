/** Levels of weights, and levels of one grid on another. @module */

import type { Completion, MatrixOperand } from "../operands.ts";
import type { QuantizationState } from "./state.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Weights whose levels are asked for. */
export interface QuantizationLevelsArguments extends Pick<QuantizationState, "levels" | "scales" | "columnGroups"> {
  /** Weights `T` [rows, columns]. */
  readonly targets: MatrixOperand;
}

/** Levels that move to another grid. */
export interface QuantizationRegridArguments extends Pick<QuantizationState, "levels" | "scales" | "columnGroups"> {
  /** Scales `s'` [rows, groups] of the new grid, positive. */
  readonly nextScales: MatrixOperand;
}

/** Kernels that make real-valued levels. Rows split. */
export interface QuantizationLevelKernels {
  /** `l <- T / s`, rounded once where the backend has f64. */
  quantizationLevels(operands: QuantizationLevelsArguments): Completion;
  /** `l <- l (s / s')`: the weights stay where they are. In f64 where the backend has it. */
  quantizationRegrid(operands: QuantizationRegridArguments): Completion;
}

/** Their specifications. */
export const quantizationLevelSpecifications: FamilySpecifications<QuantizationLevelKernels> = {
  quantizationLevels: {
    dtypes: ["f32", "f64"],
    tolerance: "elementwise",
  },
  quantizationRegrid: {
    dtypes: ["f32", "f64"],
    tolerance: "elementwise",
  },
};
