/**
 * Projection of each row onto the simplex, a workgroup for each. The rounds of the reference, on entries less the
 * largest of their row; all threads see the same sums, and so end in the same round.
 */

import {
  builtins,
  combineThreads,
  defineShader,
  dispatch,
  type Lowering,
  strideOf,
  workgroupIndex,
  workgroupsFor,
} from "../shader.ts";

const threads = 128;

const projection = defineShader("project simplex", {
  parameters: { rows: "u32", columns: "u32", offset: "u32", stride: "u32", radius: "f32" },
  arrays: { x: "write f32" },
  code: /* wgsl */ `
var<workgroup> partials: array<vec2<f32>, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows || p.columns == 0u) { return; }
  let first = p.offset + row * p.stride;
  var own = x[first];
  for (var j = thread; j < p.columns; j += ${threads}u) { own = max(own, x[first + j]); }
  partials[thread] = vec2(own, 0.0);
  ${combineThreads("partials", threads, "max(partials[thread], partials[thread + half])")}
  let largest = workgroupUniformLoad(&partials[0]).x;

  var threshold = 0.0;
  var kept = f32(p.columns) + 1.0;
  // Each turn but the last drops an entry; all are in the first.
  for (var turn = 0u; turn <= p.columns; turn++) {
    // Sum and number of the entries that stay.
    var sum = vec2<f32>();
    for (var j = thread; j < p.columns; j += ${threads}u) {
      let entry = x[first + j] - largest;
      if (turn == 0u || entry > threshold) { sum += vec2(entry, 1.0); }
    }
    partials[thread] = sum;
    ${combineThreads("partials", threads)}
    let total = workgroupUniformLoad(&partials[0]);
    if (total.y >= kept) { break; }
    kept = total.y;
    threshold = (total.x - p.radius) / total.y;
  }
  for (var j = thread; j < p.columns; j += ${threads}u) {
    x[first + j] = max(x[first + j] - largest - threshold, 0.0);
  }
}`,
});

/** Lowering of {@linkcode Kernels.projectSimplex}. */
export const projectSimplex: Lowering<"projectSimplex"> = ({ x, radius = 1 }) => ({
  dispatches: [dispatch(projection, {
    parameters: { rows: x.rows, columns: x.columns, offset: x.offset ?? 0, stride: strideOf(x), radius },
    arrays: { x: x.array },
    workgroups: workgroupsFor(x.rows),
  })],
});
