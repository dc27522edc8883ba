import { addressOf, grainFor, type Lowering } from "../launch.ts";
import { ELEMENT_WORK } from "./blocking.ts";
import { placesOf } from "./state.ts";

/** Lowering of {@linkcode Kernels.quantizationScaleChoice}: rows split. */
export const quantizationScaleChoice: Lowering<"quantizationScaleChoice"> = (operands) => {
  const { targets, zeros, candidates, scales, curvatures, groupSize, maximumCode } = operands;
  const trials = candidates.columns / scales.columns;
  return [{
    entry: `quantizationScaleChoice_${targets.array.dtype}`,
    parameters: [
      targets.columns,
      ...placesOf(targets, zeros, candidates, scales),
      addressOf(curvatures),
      groupSize,
      trials,
      maximumCode,
    ],
    extent: targets.rows,
    grain: grainFor(ELEMENT_WORK * trials * targets.columns),
  }];
};
