import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";
import { TILE_COLUMNS, TILE_ROW } from "./tile.ts";

/** Lowering of {@linkcode Kernels.nonnegativeSweep}: columns split. */
export const nonnegativeSweep: Lowering<"nonnegativeSweep"> = (
  { gram, linear, factor, sweeps = 1, supported = false },
) => {
  const { dtype } = factor.array, rank = factor.rows;
  return [{
    entry: `nonnegativeSweep_${dtype}`,
    parameters: [
      rank,
      sweeps,
      supported ? 1 : 0,
      ...[gram, linear, factor].flatMap((operand) => [addressOf(operand), strideOf(operand)]),
    ],
    extent: factor.columns,
    grain: grainFor(sweeps * rank * rank, TILE_COLUMNS),
    scratchBytes: rank * (rank + 1) * bytesPerElement[dtype] + 2 * rank * TILE_ROW + 16,
  }];
};

/** Lowering of {@linkcode Kernels.nonnegativeStep}: columns split. */
export const nonnegativeStep: Lowering<"nonnegativeStep"> = ({ gram, linear, factor, step }) => {
  const { dtype } = factor.array, rank = factor.rows;
  return [{
    entry: `nonnegativeStep_${dtype}`,
    parameters: [rank, step, ...[gram, linear, factor].flatMap((operand) => [addressOf(operand), strideOf(operand)])],
    extent: factor.columns,
    grain: grainFor(rank * rank, TILE_COLUMNS),
    scratchBytes: rank * rank * bytesPerElement[dtype] + 3 * rank * TILE_ROW + 16,
  }];
};
