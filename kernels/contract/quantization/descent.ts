/** Passes of coordinate descent that touch the residual only where a level changes. @module */

import type { Completion, DeviceArray } from "../operands.ts";
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

/** Sparse passes. Rows split. */
export interface QuantizationDescentKernels {
  /** Sparse passes to a coordinate-wise minimum; returns the number of rows that still changed in their last pass. */
  quantizationDescent(operands: QuantizationDescentArguments): Completion<number>;
}

/** Their specifications. */
export const quantizationDescentSpecifications: FamilySpecifications<QuantizationDescentKernels> = {
  quantizationDescent: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
};
