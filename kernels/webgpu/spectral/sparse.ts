/** Entries put into a dense matrix: a workgroup a line, whose threads take its entries in turn. */

import { builtins, defineShader, dispatch, type Lowering, strideOf, workgroupIndex, workgroupsFor } from "../shader.ts";

const threads = 64;

const fillShader = defineShader("sparseFill", {
  parameters: { rows: "u32", offset: "u32", stride: "u32", valuesOffset: "u32", sharesOffset: "u32", partial: "u32" },
  arrays: { indptr: "read u32", indices: "read u32", values: "read f32", shares: "read f32", y: "write f32" },
  code: /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  for (var e = indptr[row] + thread; e < indptr[row + 1u]; e += ${threads}u) {
    let place = p.offset + row * p.stride + indices[e];
    let value = values[p.valuesOffset + e];
    if (p.partial == 0u) { y[place] = value; }
    else { y[place] += shares[p.sharesOffset + e] * (value - y[place]); }
  }
}`,
});

/** Lowering of {@linkcode Kernels.sparseFill}. */
export const sparseFill: Lowering<"sparseFill"> = ({ pattern, values, shares, y }) => ({
  dispatches: [dispatch(fillShader, {
    parameters: {
      rows: y.rows,
      offset: y.offset ?? 0,
      stride: strideOf(y),
      valuesOffset: values.offset ?? 0,
      sharesOffset: shares?.offset ?? 0,
      partial: shares ? 1 : 0,
    },
    arrays: { ...pattern, values: values.array, shares: (shares ?? values).array, y: y.array },
    workgroups: workgroupsFor(y.rows),
  })],
});
