import type { HostArray, MatrixOperand } from "../../contract.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering } from "../launch.ts";
import { DESCENT_SCRATCH, DESCENT_TILE } from "./blocking.ts";
import { placesOf, stateOf } from "./state.ts";

/** Lowering of {@linkcode Kernels.quantizationDescent}: rows split. */
export const quantizationDescent: Lowering<"quantizationDescent"> = (operands) => {
  const { levels, passes, changes } = operands;
  return [{
    entry: `quantizationDescent_${levels.array.dtype}`,
    parameters: [...stateOf(operands), passes, (changes as HostArray).address],
    extent: levels.rows,
    grain: grainFor(10 * levels.columns, 8),
    scratchBytes: scratchBytesOf(levels),
  }];
};

/** Lowering of {@linkcode Kernels.quantizationAnnealing}: rows split. */
export const quantizationAnnealing: Lowering<"quantizationAnnealing"> = (operands) => {
  const { levels, noise, amplitudes, changes } = operands;
  return [{
    entry: `quantizationAnnealing_${levels.array.dtype}`,
    parameters: [
      ...stateOf(operands),
      noise.rows,
      ...placesOf(noise),
      addressOf(amplitudes),
      (changes as HostArray).address,
    ],
    extent: levels.rows,
    grain: grainFor(Math.max(1, noise.rows) * levels.columns, 8),
    scratchBytes: scratchBytesOf(levels),
  }];
};

function scratchBytesOf({ array: { dtype }, columns }: MatrixOperand): number {
  return 8 * DESCENT_SCRATCH + (2 * DESCENT_TILE + 1) * columns * bytesPerElement[dtype];
}
