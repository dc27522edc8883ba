/** Passes of coordinate descent that touch the residual only where a level changes. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { QuantizationState } from "./state.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * Passes that touch the residual only where a level changes, row by row, until nothing changes.
 *
 * Levels are on the grid at the start. One changes only where the new level is strictly nearer to the target, so that a
 * tie does not alternate between two equally good levels.
 */
export interface QuantizationDescentArguments extends QuantizationState {
  /** Most passes over a row. */
  readonly passes: number;
  /** Receives the number of level changes of each row in all passes; u32, one element a row. */
  readonly changes: DeviceArray<"u32">;
}

/** Passes of the heat bath over levels that are on the grid at the start. */
export interface QuantizationAnnealingArguments extends QuantizationState {
  /** Noise `n` on the targets of each pass, in weight units [passes, columns]. */
  readonly noise: MatrixOperand;
  /** Its factor `a` for each row [rows]. */
  readonly amplitudes: VectorOperand;
  /** Receives the number of level changes of each row in all passes; u32, one element a row. */
  readonly changes: DeviceArray<"u32">;
}

/** Sparse passes. Rows split. */
export interface QuantizationDescentKernels {
  /** Sparse passes to a coordinate-wise minimum; returns the number of rows that still changed in their last pass. */
  quantizationDescent(operands: QuantizationDescentArguments): Completion<number>;
  /** Sparse passes whose targets are `l_j + (G_j + a n_j) / s_j`, with the noise of each pass; it leaves nothing behind. */
  quantizationAnnealing(operands: QuantizationAnnealingArguments): Completion;
}

/** Their specifications. */
export const quantizationDescentSpecifications: FamilySpecifications<QuantizationDescentKernels> = {
  quantizationDescent: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
  quantizationAnnealing: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
};
