/** What the shaders over levels, their scales and a second matrix share. */

import type { MatrixOperand, QuantizationState } from "../../contract.ts";
import { strideOf, workgroupsFor } from "../shader.ts";

/** `others` is the second matrix: whether it is read or written, each shader says. */
export const weightTypes = {
  parameters: {
    rows: "u32",
    columns: "u32",
    grouped: "u32",
    levelsOffset: "u32",
    levelsStride: "u32",
    scalesOffset: "u32",
    scalesStride: "u32",
    othersOffset: "u32",
    othersStride: "u32",
  },
  arrays: { levels: "read f32", scales: "read f32", columnGroups: "read u32" },
} as const;

/** The group of a column: the first where there are no groups. */
export const columnGroupOf = /* wgsl */ `
fn columnGroupOf(column: u32) -> u32 {
  if (p.grouped == 1u) { return columnGroups[column]; }
  return 0u;
}
`;

/** The weight `s l` of a row and a column. */
export const weightOf = /* wgsl */ `${columnGroupOf}
fn weightOf(row: u32, column: u32) -> f32 {
  return scales[p.scalesOffset + row * p.scalesStride + columnGroupOf(column)] *
    levels[p.levelsOffset + row * p.levelsStride + column];
}
`;

/**
 * The values of {@linkcode weightTypes}, and a workgroup for each row; without groups, another array that is only read
 * is bound in their place, and not used.
 */
export function weightCall(
  { levels, scales, columnGroups }: Pick<QuantizationState, "levels" | "scales" | "columnGroups">,
  others: MatrixOperand,
) {
  return {
    parameters: {
      rows: levels.rows,
      columns: levels.columns,
      grouped: Number(columnGroups !== undefined),
      levelsOffset: levels.offset ?? 0,
      levelsStride: strideOf(levels),
      scalesOffset: scales.offset ?? 0,
      scalesStride: strideOf(scales),
      othersOffset: others.offset ?? 0,
      othersStride: strideOf(others),
    },
    arrays: {
      levels: levels.array,
      scales: scales.array,
      columnGroups: columnGroups ?? scales.array,
      others: others.array,
    },
    workgroups: workgroupsFor(levels.rows),
  };
}
