/** `C = alpha A^T A + beta C`: the tiles of the upper triangle by GEMM's shader, then mirrored. */

import { product } from "./gemm_product.ts";
import { builtins, defineShader, dispatch, type Lowering, strideOf, workgroupIndex, workgroupsFor } from "../shader.ts";

const mirror = defineShader("mirror", {
  parameters: { columns: "u32", offset: "u32", stride: "u32" },
  arrays: { c: "write f32" },
  code: /* wgsl */ `
@compute @workgroup_size(64)
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.columns) { return; }
  for (var column = thread; column < row; column += 64u) {
    c[p.offset + row * p.stride + column] = c[p.offset + column * p.stride + row];
  }
}`,
});

/** Lowering of {@linkcode Kernels.syrk}. */
export const syrk: Lowering<"syrk"> = ({ a, c, alpha, beta }, scratch) => {
  const upper = product({ a, b: a, c, transposeA: true, alpha, beta }, scratch, { upperOnly: true });
  const mirrored = dispatch(mirror, {
    parameters: { columns: c.columns, offset: c.offset ?? 0, stride: strideOf(c) },
    arrays: { c: c.array },
    workgroups: workgroupsFor(c.columns),
  });
  return { dispatches: upper.length > 0 ? [...upper, mirrored] : [] };
};
