/** Candidates for outliers: a workgroup for each row; sums of squares of columns: a thread for each column. */

import { builtins, defineShader, dispatch, type Lowering, strideOf, workgroupIndex, workgroupsFor } from "../shader.ts";

const threads = 128;

const candidates = defineShader("outlier candidates", {
  parameters: {
    rows: "u32",
    columns: "u32",
    residualOffset: "u32",
    residualStride: "u32",
    outliersOffset: "u32",
    outliersStride: "u32",
    stepsOffset: "u32",
  },
  arrays: { residual: "write f32", outliers: "read f32", steps: "read f32" },
  code: /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let row = ${workgroupIndex};
  if (row >= p.rows) { return; }
  for (var j = thread; j < p.columns; j += ${threads}u) {
    let at = p.residualOffset + row * p.residualStride + j;
    residual[at] = outliers[p.outliersOffset + row * p.outliersStride + j] + residual[at] * steps[p.stepsOffset + j];
  }
}`,
});

/** Lowering of {@linkcode Kernels.outlierCandidates}. */
export const outlierCandidates: Lowering<"outlierCandidates"> = ({ residual, outliers, steps }) => ({
  dispatches: [dispatch(candidates, {
    parameters: {
      rows: residual.rows,
      columns: residual.columns,
      residualOffset: residual.offset ?? 0,
      residualStride: strideOf(residual),
      outliersOffset: outliers.offset ?? 0,
      outliersStride: strideOf(outliers),
      stepsOffset: steps.offset ?? 0,
    },
    arrays: { residual: residual.array, outliers: outliers.array, steps: steps.array },
    workgroups: workgroupsFor(residual.rows),
  })],
});

const sumSquares = defineShader("column squares", {
  parameters: { rows: "u32", columns: "u32", valuesOffset: "u32", valuesStride: "u32", squaresOffset: "u32" },
  arrays: { values: "read f32", squares: "write f32" },
  code: /* wgsl */ `
@compute @workgroup_size(${threads})
fn main(${builtins}) {
  let column = (${workgroupIndex}) * ${threads}u + thread;
  if (column >= p.columns) { return; }
  var sum = 0.0;
  for (var i = 0u; i < p.rows; i++) {
    let value = values[p.valuesOffset + i * p.valuesStride + column];
    sum += value * value;
  }
  squares[p.squaresOffset + column] = sum;
}`,
});

/** Lowering of {@linkcode Kernels.columnSquares}. */
export const columnSquares: Lowering<"columnSquares"> = ({ values, squares }) => ({
  dispatches: [dispatch(sumSquares, {
    parameters: {
      rows: values.rows,
      columns: values.columns,
      valuesOffset: values.offset ?? 0,
      valuesStride: strideOf(values),
      squaresOffset: squares.offset ?? 0,
    },
    arrays: { values: values.array, squares: squares.array },
    workgroups: workgroupsFor(Math.ceil(values.columns / threads)),
  })],
});
