import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.weightedSweep}: rows of the data split. */
export const weightedSweep: Lowering<"weightedSweep"> = ({ x, weights, components, factor, sweeps = 1, losses }) => [{
  entry: `weightedSweep_${x.array.dtype}`,
  parameters: [
    x.columns,
    factor.rows,
    sweeps,
    ...[x, weights, components, factor].flatMap((operand) => [addressOf(operand), strideOf(operand)]),
    addressOf(losses),
  ],
  extent: x.rows,
  grain: grainFor((1 + 3 * sweeps) * factor.rows * x.columns),
  scratchBytes: x.columns * bytesPerElement[x.array.dtype],
}];
