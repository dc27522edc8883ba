/** `y = alpha op(A) x + beta y`: a workgroup for each row of A, or for each 64 columns where A is transposed. */

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

const parameters = {
  rows: "u32",
  columns: "u32",
  aOffset: "u32",
  aStride: "u32",
  xOffset: "u32",
  yOffset: "u32",
  alpha: "f32",
  beta: "f32",
} as const;
const arrays = { a: "read f32", x: "read f32", y: "write f32" } as const;

const store = /* wgsl */ `
fn store(i: u32, sum: f32) {
  var value = p.alpha * sum;
  if (p.beta != 0.0) { value += p.beta * y[p.yOffset + i]; }
  y[p.yOffset + i] = value;
}
`;

const threads = 128;

const byRows = defineShader("gemv", {
  parameters,
  arrays,
  code: /* wgsl */ `${store}
var<workgroup> sums: array<f32, ${threads}>;

@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  var sum = 0.0;
  for (var k = thread; k < p.columns; k += ${threads}u) {
    sum += a[p.aOffset + row * p.aStride + k] * x[p.xOffset + k];
  }
  sums[thread] = sum;
  ${combineThreads("sums", threads)}
  if (thread == 0u) { store(row, sums[0]); }
}`,
});

const columnsOfGroup = 64, slices = 4;

const byColumns = defineShader("gemv, transposed", {
  parameters,
  arrays,
  code: /* wgsl */ `${store}
var<workgroup> sums: array<f32, ${columnsOfGroup * slices}>;

@compute @workgroup_size(${columnsOfGroup * slices})
fn main(${builtins}) {
  let column = (${workgroupIndex}) * ${columnsOfGroup}u + thread % ${columnsOfGroup}u;
  var sum = 0.0;
  if (column < p.columns) {
    for (var k = thread / ${columnsOfGroup}u; k < p.rows; k += ${slices}u) {
      sum += a[p.aOffset + k * p.aStride + column] * x[p.xOffset + k];
    }
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (thread < ${columnsOfGroup}u && column < p.columns) {
    for (var slice = 1u; slice < ${slices}u; slice++) { sum += sums[slice * ${columnsOfGroup}u + thread]; }
    store(column, sum);
  }
}`,
});

/** Lowering of {@linkcode Kernels.gemv}. */
export const gemv: Lowering<"gemv"> = ({ a, transpose = false, x, y, alpha = 1, beta = 0 }) => ({
  dispatches: [dispatch(transpose ? byColumns : byRows, {
    parameters: {
      rows: a.rows,
      columns: a.columns,
      aOffset: a.offset ?? 0,
      aStride: strideOf(a),
      xOffset: x.offset ?? 0,
      yOffset: y.offset ?? 0,
      alpha,
      beta,
    },
    arrays: { a: a.array, x: x.array, y: y.array },
    workgroups: workgroupsFor(transpose ? Math.ceil(a.columns / columnsOfGroup) : a.rows),
  })],
});
