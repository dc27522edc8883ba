import { grainFor, type Lowering } from "../launch.ts";
import { ELEMENT_WORK } from "./blocking.ts";
import { groupsOf, placesOf } from "./state.ts";

/** Lowering of {@linkcode Kernels.quantizationLevels}: rows split. */
export const quantizationLevels: Lowering<"quantizationLevels"> = ({ levels, scales, columnGroups, targets }) => [{
  entry: `quantizationLevels_${levels.array.dtype}`,
  parameters: [levels.columns, ...placesOf(levels, scales), groupsOf(columnGroups), ...placesOf(targets)],
  extent: levels.rows,
  grain: grainFor(ELEMENT_WORK * levels.columns),
}];

/** Lowering of {@linkcode Kernels.quantizationRegrid}: rows split. */
export const quantizationRegrid: Lowering<"quantizationRegrid"> = ({ levels, scales, columnGroups, nextScales }) => [{
  entry: `quantizationRegrid_${levels.array.dtype}`,
  parameters: [levels.columns, ...placesOf(levels, scales), groupsOf(columnGroups), ...placesOf(nextScales)],
  extent: levels.rows,
  grain: grainFor(ELEMENT_WORK * levels.columns),
}];
