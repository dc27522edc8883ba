import type { HostArray, QuantizationState } from "../spec.ts";
import { PRODUCT_SCRATCH } from "./blocking.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "./launch.ts";
import { DESCENT_SCRATCH, DESCENT_TILE, SWEEP_SCRATCH, TALLEST_TILE } from "./quantization_blocking.ts";

/** Lowering of {@linkcode Kernels.quantizationSweep}: rows split. */
export const quantizationSweep: Lowering<"quantizationSweep"> = (operands) => {
  const { levels, relaxed = false, triangular = false } = operands;
  const { dtype } = levels.array;
  return [{
    entry: `quantizationSweep_${dtype}`,
    parameters: [...stateOf(operands), Number(relaxed), Number(triangular)],
    extent: levels.rows,
    grain: grainFor(levels.columns ** 2, TALLEST_TILE),
    scratchBytes: (PRODUCT_SCRATCH + SWEEP_SCRATCH) * bytesPerElement[dtype],
  }];
};

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

function stateOf(
  { levels, residual, coupling, scales, zeros, columnGroups, maximumCode }: QuantizationState,
): number[] {
  return [
    levels.columns,
    ...[levels, residual, coupling, scales, zeros].flatMap((matrix) => [addressOf(matrix), strideOf(matrix)]),
    columnGroups ? (columnGroups as HostArray).address : 0,
    maximumCode,
  ];
}
