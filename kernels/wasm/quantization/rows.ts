import type { HostArray } from "../../contract.ts";
import { addressOf, grainFor, type Lowering } from "../launch.ts";
import { ELEMENT_WORK } from "./blocking.ts";
import { groupsOf, placesOf } from "./state.ts";

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
