/** Levels of weights and of another grid: a workgroup for each row. */

import type { MatrixOperand, QuantizationState } from "../../contract.ts";
import { builtins, defineShader, dispatch, type Lowering, strideOf, workgroupIndex, workgroupsFor } from "../shader.ts";

const threads = 128;

/**
 * A shader that replaces each level by `formula` of `level`, of the row's `scale` and of `other`, which stands in a
 * second matrix.
 */
function levelShader(label: string, other: "grid" | "element", formula: string) {
  return defineShader(label, {
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
    arrays: { levels: "write f32", scales: "read f32", columnGroups: "read u32", others: "read f32" },
    code: /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  for (var j = thread; j < p.columns; j += ${threads}u) {
    var columnGroup = 0u;
    if (p.grouped == 1u) { columnGroup = columnGroups[j]; }
    let at = p.levelsOffset + row * p.levelsStride + j;
    let level = levels[at];
    let scale = scales[p.scalesOffset + row * p.scalesStride + columnGroup];
    let other = others[p.othersOffset + row * p.othersStride + ${other === "grid" ? "columnGroup" : "j"}];
    levels[at] = ${formula};
  }
}`,
  });
}

/** Without groups, another array that is only read is bound in their place, and not used. */
function levelCall(
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

const divide = levelShader("quantization levels", "element", "other / scale");

/** Lowering of {@linkcode Kernels.quantizationLevels}. */
export const quantizationLevels: Lowering<"quantizationLevels"> = (operands) => ({
  dispatches: [dispatch(divide, levelCall(operands, operands.targets))],
});

const regrid = levelShader("quantization regrid", "grid", "level * (scale / other)");

/** Lowering of {@linkcode Kernels.quantizationRegrid}. */
export const quantizationRegrid: Lowering<"quantizationRegrid"> = (operands) => ({
  dispatches: [dispatch(regrid, levelCall(operands, operands.nextScales))],
});
