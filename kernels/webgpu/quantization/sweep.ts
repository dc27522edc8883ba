/**
 * One pass of coordinate descent, in panels of 32 columns. A thread has one row: it updates the columns of the panel
 * one by one, seeing the changes to their left through a 32 x 32 corner of the coupling in shared memory, and leaves `D
 * = s (l - l')`. Then `G += D M[panel, :]` brings the whole residual up to date, the panel's own columns included. No
 * row and no panel waits for the host: a pass is one list of dispatches.
 */

import type { DeviceArray } from "../../contract.ts";
import { product } from "../dense/gemm_product.ts";
import {
  builtins,
  defineShader,
  type Dispatch,
  dispatch,
  type Lowering,
  strideOf,
  workgroupIndex,
  workgroupsFor,
} from "../shader.ts";
import { stateArrays, stateParameters, stateTypes } from "./state.ts";
import { columnGroupOf } from "./weights.ts";

const width = 32, rowsOfGroup = 64;
// One more than the rows: threads that load a row of the panel do not access the same bank.
const pitch = rowsOfGroup + 1;

const panel = defineShader("quantization panel", {
  parameters: { ...stateTypes.parameters, left: "u32", width: "u32", relaxed: "u32" },
  arrays: { ...stateTypes.arrays, residual: "read f32", changes: "write f32" },
  code: /* wgsl */ `${columnGroupOf}
var<workgroup> residuals: array<f32, ${width * pitch}>;
var<workgroup> corner: array<f32, ${width * width}>;

@compute @workgroup_size(${rowsOfGroup})
fn main(${builtins}) {
  let firstRow = (${workgroupIndex}) * ${rowsOfGroup}u;
  for (var at = thread; at < ${rowsOfGroup * width}u; at += ${rowsOfGroup}u) {
    let row = at / ${width}u;
    let column = at % ${width}u;
    if (firstRow + row < p.rows && column < p.width) {
      residuals[column * ${pitch}u + row] =
        residual[p.residualOffset + (firstRow + row) * p.residualStride + p.left + column];
    }
  }
  for (var at = thread; at < ${width * width}u; at += ${rowsOfGroup}u) {
    let row = at / ${width}u;
    let column = at % ${width}u;
    if (row < p.width && column < p.width) {
      corner[at] = coupling[p.couplingOffset + (p.left + row) * p.couplingStride + p.left + column];
    }
  }
  workgroupBarrier();
  let row = firstRow + thread;
  if (row >= p.rows) { return; }
  for (var j = 0u; j < p.width; j++) {
    let columnGroup = columnGroupOf(p.left + j);
    let scale = scales[p.scalesOffset + row * p.scalesStride + columnGroup];
    let zero = zeros[p.zerosOffset + row * p.zerosStride + columnGroup];
    let at = p.levelsOffset + row * p.levelsStride + p.left + j;
    let level = levels[at];
    var next = level;
    if (corner[j * ${width + 1}u] != 0.0) { next += residuals[j * ${pitch}u + thread] / scale; }
    if (p.relaxed == 0u) { next = clamp(round(next), -zero, p.maximumCode - zero); }
    levels[at] = next;
    let change = scale * (level - next);
    changes[row * ${width}u + j] = change;
    for (var k = j + 1u; k < p.width; k++) {
      residuals[k * ${pitch}u + thread] += change * corner[j * ${width}u + k];
    }
  }
}`,
});

/** Lowering of {@linkcode Kernels.quantizationSweep}. */
export const quantizationSweep: Lowering<"quantizationSweep"> = (operands, scratch) => {
  const { levels: { rows, columns }, residual, coupling, relaxed = false, triangular = false } = operands;
  const { begin = 0, end = columns } = operands;
  if (rows === 0 || begin >= end) return { dispatches: [] };
  const changes: DeviceArray<"f32"> = scratch("f32", rows * width, "changes of a panel");
  const dispatches: Dispatch[] = [];
  for (let left = begin; left < end; left += width) {
    const count = Math.min(width, end - left), first = triangular ? left : 0;
    dispatches.push(
      dispatch(panel, {
        parameters: { ...stateParameters(operands), left, width: count, relaxed: Number(relaxed) },
        arrays: { ...stateArrays(operands), residual: residual.array, changes },
        workgroups: workgroupsFor(Math.ceil(rows / rowsOfGroup)),
      }),
      ...product({
        a: { array: changes, rows, columns: count, stride: width },
        b: {
          array: coupling.array,
          rows: count,
          columns: columns - first,
          offset: (coupling.offset ?? 0) + left * strideOf(coupling) + first,
          stride: strideOf(coupling),
        },
        c: {
          array: residual.array,
          rows,
          columns: columns - first,
          offset: (residual.offset ?? 0) + first,
          stride: strideOf(residual),
        },
        beta: 1,
      }, scratch),
    );
  }
  return { dispatches };
};
