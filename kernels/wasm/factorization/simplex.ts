import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";
import { TILE_COLUMNS, TILE_ROW } from "./tile.ts";

/** Lowering of {@linkcode Kernels.simplexDescent}: columns split. */
export const simplexDescent: Lowering<"simplexDescent"> = ({ gram, linear, factor, step, steps }) => {
  const { dtype } = factor.array, rank = factor.rows;
  return [{
    entry: `simplexDescent_${dtype}`,
    parameters: [
      rank,
      step,
      steps,
      ...[gram, linear, factor].flatMap((operand) => [addressOf(operand), strideOf(operand)]),
    ],
    extent: factor.columns,
    grain: grainFor((steps + 1) * rank * (rank + 20), TILE_COLUMNS),
    scratchBytes: rank * rank * bytesPerElement[dtype] + (7 * rank + 1) * TILE_ROW + 16,
  }];
};

/** Lowering of {@linkcode Kernels.extrapolatedStep}: rows split. */
export const extrapolatedStep: Lowering<"extrapolatedStep"> = (
  { x, before, image, imageBefore, linear, momenta, step, target },
) => [{
  entry: `extrapolatedStep_${x.array.dtype}`,
  parameters: [
    x.columns,
    step,
    ...[x, before, image, imageBefore, linear].flatMap((operand) => [addressOf(operand), strideOf(operand)]),
    addressOf(momenta),
    addressOf(target),
    strideOf(target),
  ],
  extent: x.rows,
  grain: grainFor(6 * x.columns),
}];
