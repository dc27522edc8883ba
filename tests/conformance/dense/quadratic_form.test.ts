import assert from "node:assert/strict";
import { openWorkspace, type Workspace } from "../../../kernels/engine/mod.ts";
import { families } from "../../../kernels/families/mod.ts";
import type { FloatDtype, MatrixOperand } from "../../../kernels/contract.ts";
import { formBlock } from "../../../kernels/contract/dense/quadratic_form.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { copyOf, matrixOf, vectorOf, viewOf } from "../operands.ts";

// Around the blocks: 128 columns, 256 columns of a chunk, 256 rows.
const shapes = [
  [0, 3],
  [3, 0],
  [1, 1],
  [2, 5],
  [7, 127],
  [5, 128],
  [9, 129],
  [11, 257],
  [4, 400],
  [259, 131],
  [70, 300],
] as const;

function operandsOf(workspace: Workspace, dtype: FloatDtype, rows: number, columns: number) {
  const random = createRandom(rows + 31 * columns);
  const x = matrixOf(workspace, dtype, rows, columns, random.normal, 2);
  const a: MatrixOperand = matrixOf(workspace, dtype, columns, columns, random.normal, 1);
  const view = viewOf(a), stride = columns + 1;
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) view[1 + i * stride + j] = view[1 + j * stride + i];
  }
  return { x, a, values: vectorOf(workspace, "f64", rows, () => NaN) };
}

agreement("quadraticForm", "is within the error of a sum in f64", function* ({ dtype, workspace }) {
  for (const [rows, columns] of shapes) {
    const operands = operandsOf(workspace, dtype, rows, columns);
    yield { what: `${rows} x ${columns}`, operands, outputs: ({ values }) => [values], terms: 2 * columns };
  }
});

agreement("quadraticForm", "takes any range of columns, and adds from the second on", function* ({ dtype, workspace }) {
  const columns = 3 * formBlock + 5, random = createRandom(4);
  for (const [begin, end] of [[0, 0], [0, 3], [3, 200], [200, 200], [200, columns]]) {
    const { x, a } = operandsOf(workspace, dtype, 9, columns);
    const values = vectorOf(workspace, "f64", 9, begin > 0 ? random.normal : () => NaN);
    const what = `columns ${begin} to ${end}`;
    yield { what, operands: { x, a, values, begin, end }, outputs: ({ values }) => [values], terms: 2 * columns };
  }
});

conformance("quadraticForm", "gives a row the same bits in any range and on any threads", async (bench) => {
  const { dtype, workspace, kernel } = bench;
  const cut = operandsOf(workspace, dtype, 300, 140);
  for (const [from, to] of [[0, 1], [1, 7], [7, 270], [270, 300]]) {
    await kernel.quadraticForm({
      x: { ...cut.x, rows: to - from, offset: 1 + from * 142 },
      a: cut.a,
      values: { ...cut.values, length: to - from, offset: 1 + from },
    });
  }
  const single = await openWorkspace({ families, backend: "wasm", dtype, flops: 0 });
  try {
    const operands = operandsOf(single, dtype, 300, 140);
    await single.kernels.quadraticForm(operands);
    assert.deepEqual(viewOf(cut.values), viewOf(operands.values));
  } finally {
    single.release();
  }
});

conformance("quadraticForm", "takes columns in ranges to the same bits", async ({ dtype, workspace, kernel }) => {
  const columns = 3 * formBlock + 5, { x, a, values } = operandsOf(workspace, dtype, 9, columns);
  const cut = copyOf(workspace, values);
  await kernel.quadraticForm({ x, a, values });
  for (const [begin, end] of [[0, formBlock], [formBlock, 3 * formBlock], [3 * formBlock, columns]]) {
    await kernel.quadraticForm({ x, a, values: cut, begin, end });
  }
  assert.deepEqual(viewOf(cut), viewOf(values));
});
