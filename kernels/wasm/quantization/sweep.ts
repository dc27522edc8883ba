import { PRODUCT_SCRATCH } from "../dense/blocking.ts";
import { bytesPerElement, grainFor, type Lowering } from "../launch.ts";
import { SWEEP_SCRATCH, TALLEST_TILE } from "./blocking.ts";
import { stateOf } from "./state.ts";

/** Lowering of {@linkcode Kernels.quantizationSweep}: rows split. */
export const quantizationSweep: Lowering<"quantizationSweep"> = (operands) => {
  const { levels, relaxed = false, triangular = false, begin = 0, end = levels.columns } = operands;
  const { dtype } = levels.array;
  return [{
    entry: `quantizationSweep_${dtype}`,
    parameters: [...stateOf(operands), Number(relaxed), Number(triangular), begin, end],
    extent: levels.rows,
    grain: grainFor(levels.columns * (end - begin), TALLEST_TILE),
    scratchBytes: (PRODUCT_SCRATCH + SWEEP_SCRATCH) * bytesPerElement[dtype],
  }];
};
