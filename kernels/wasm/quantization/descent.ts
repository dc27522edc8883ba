import type { HostArray } from "../../contract.ts";
import { bytesPerElement, grainFor, type Lowering } from "../launch.ts";
import { DESCENT_SCRATCH, DESCENT_TILE } from "./blocking.ts";
import { stateOf } from "./state.ts";

/** Lowering of {@linkcode Kernels.quantizationDescent}: rows split. */
export const quantizationDescent: Lowering<"quantizationDescent"> = (operands) => {
  const { levels, passes, changes } = operands;
  const { dtype } = levels.array;
  return [{
    entry: `quantizationDescent_${dtype}`,
    parameters: [...stateOf(operands), passes, (changes as HostArray).address],
    extent: levels.rows,
    grain: grainFor(10 * levels.columns, 8),
    scratchBytes: 8 * DESCENT_SCRATCH + (2 * DESCENT_TILE + 1) * levels.columns * bytesPerElement[dtype],
  }];
};
