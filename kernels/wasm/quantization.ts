import type { HostArray, MatrixOperand, QuantizationState } from "../spec.ts";
import { PRODUCT_SCRATCH } from "./blocking.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "./launch.ts";
import { DESCENT_SCRATCH, DESCENT_TILE, SWEEP_SCRATCH, TALLEST_TILE } from "./quantization_blocking.ts";

/** Multiply-adds in the time that streaming kernels take for an element. */
const ELEMENT_WORK = 4;

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

/** Lowering of {@linkcode Kernels.quantizationErrors}: rows split. */
export const quantizationErrors: Lowering<"quantizationErrors"> = ({ levels, scales, columnGroups, targets }) => [{
  entry: `quantizationErrors_${levels.array.dtype}`,
  parameters: [levels.columns, ...placesOf(levels, scales), groupsOf(columnGroups), ...placesOf(targets)],
  extent: levels.rows,
  grain: grainFor(ELEMENT_WORK * levels.columns),
}];

/** Lowering of {@linkcode Kernels.quantizationObjectives}: rows split. */
export const quantizationObjectives: Lowering<"quantizationObjectives"> = (operands) => {
  const { levels, residual, scales, columnGroups, targets, curvatures, objectives } = operands;
  return [{
    entry: `quantizationObjectives_${levels.array.dtype}`,
    parameters: [
      levels.columns,
      ...placesOf(levels, residual, scales),
      groupsOf(columnGroups),
      ...placesOf(targets),
      ...[curvatures, objectives].map(addressOf),
    ],
    extent: levels.rows,
    grain: grainFor(ELEMENT_WORK * levels.columns),
  }];
};

/** Lowering of {@linkcode Kernels.quantizationCodes}: rows split. */
export const quantizationCodes: Lowering<"quantizationCodes"> = ({ levels, zeros, columnGroups, codes }) => [{
  entry: `quantizationCodes_${levels.array.dtype}`,
  parameters: [levels.columns, ...placesOf(levels, zeros), groupsOf(columnGroups), (codes as HostArray).address],
  extent: levels.rows,
  grain: grainFor(ELEMENT_WORK * levels.columns),
}];

/** Lowering of {@linkcode Kernels.quantizationChoice}: rows split. */
export const quantizationChoice: Lowering<"quantizationChoice"> = ({ best, reached }) => {
  const { dtype } = best.levels.array;
  return [{
    entry: `quantizationChoice_${dtype}`,
    parameters: [
      best.levels.columns,
      ...[best, reached].flatMap((state) => [
        ...placesOf(state.levels, state.residual),
        addressOf(state.objectives),
      ]),
    ],
    extent: best.levels.rows,
    grain: grainFor(ELEMENT_WORK * best.levels.columns),
  }];
};

function stateOf(
  { levels, residual, coupling, scales, zeros, columnGroups, maximumCode }: QuantizationState,
): number[] {
  return [
    levels.columns,
    ...placesOf(levels, residual, coupling, scales, zeros),
    groupsOf(columnGroups),
    maximumCode,
  ];
}

/** Address and stride of each matrix. */
function placesOf(...matrices: readonly MatrixOperand[]): number[] {
  return matrices.flatMap((matrix) => [addressOf(matrix), strideOf(matrix)]);
}

/** Address of the column groups; 0 where there are none. */
function groupsOf(groups: QuantizationState["columnGroups"]): number {
  return groups ? (groups as HostArray).address : 0;
}
