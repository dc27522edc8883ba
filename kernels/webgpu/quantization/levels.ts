/** Levels of weights and of another grid: a workgroup for each row. */

import { builtins, defineShader, dispatch, type Lowering, workgroupIndex } from "../shader.ts";
import { columnGroupOf, weightCall, weightTypes } from "./weights.ts";

const threads = 128;

/**
 * A shader that replaces each level by `formula` of `level`, of the row's `scale` and of `other`, which stands in a
 * second matrix.
 */
function levelShader(label: string, other: "grid" | "element", formula: string) {
  return defineShader(label, {
    parameters: weightTypes.parameters,
    arrays: { ...weightTypes.arrays, levels: "write f32", others: "read f32" },
    code: /* wgsl */ `${columnGroupOf}
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  for (var j = thread; j < p.columns; j += ${threads}u) {
    let columnGroup = columnGroupOf(j);
    let at = p.levelsOffset + row * p.levelsStride + j;
    let level = levels[at];
    let scale = scales[p.scalesOffset + row * p.scalesStride + columnGroup];
    let other = others[p.othersOffset + row * p.othersStride + ${other === "grid" ? "columnGroup" : "j"}];
    levels[at] = ${formula};
  }
}`,
  });
}

const divide = levelShader("quantization levels", "element", "other / scale");

/** Lowering of {@linkcode Kernels.quantizationLevels}. */
export const quantizationLevels: Lowering<"quantizationLevels"> = (operands) => ({
  dispatches: [dispatch(divide, weightCall(operands, operands.targets))],
});

const regrid = levelShader("quantization regrid", "grid", "level * (scale / other)");

/** Lowering of {@linkcode Kernels.quantizationRegrid}. */
export const quantizationRegrid: Lowering<"quantizationRegrid"> = (operands) => ({
  dispatches: [dispatch(regrid, weightCall(operands, operands.nextScales))],
});
