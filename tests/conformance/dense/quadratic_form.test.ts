import assert from "node:assert/strict";
import { openWorkspace, type Workspace } from "../../../kernels/engine/mod.ts";
import type { FloatDtype, MatrixOperand } from "../../../kernels/contract.ts";
import { formBlock } from "../../../kernels/contract/dense/quadratic_form.ts";
import { createRandom } from "../../../solvers/core/random.ts";
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

conformance("quadraticForm", "is within the error of a sum in f64", async ({ dtype, workspace, kernel, reference }) => {
  for (const [rows, columns] of shapes) {
    const { x, a, values } = operandsOf(workspace, dtype, rows, columns);
    const expected = copyOf(workspace, values), magnitude = copyOf(workspace, values);
    await kernel.quadraticForm({ x, a, values });
    await reference.quadraticForm({ x, a, values: expected });
    const sizes = { x: copyOf(workspace, x, Math.abs), a: copyOf(workspace, a, Math.abs) };
    await reference.quadraticForm({ ...sizes, values: magnitude });
    for (let i = 1; i <= rows; i++) {
      const error = Math.abs(viewOf(values)[i] - viewOf(expected)[i]);
      const bound = (2 * columns + 4) * 2 ** -53 * viewOf(magnitude)[i];
      assert.ok(error <= bound, `row ${i - 1} of ${rows} x ${columns}: off by ${error}`);
    }
    for (const operand of [x, a, values, expected, magnitude, sizes.x, sizes.a]) workspace.free(operand.array);
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
  const single = await openWorkspace({ backend: "wasm", dtype, flops: 0 });
  try {
    const operands = operandsOf(single, dtype, 300, 140);
    await single.kernels.quadraticForm(operands);
    assert.deepEqual(viewOf(cut.values), viewOf(operands.values));
  } finally {
    single.release();
  }
});

conformance("quadraticForm", "takes columns in ranges to the same bits", async (bench) => {
  const { dtype, workspace, kernel, reference } = bench;
  const columns = 3 * formBlock + 5, { x, a, values } = operandsOf(workspace, dtype, 9, columns);
  const cut = copyOf(workspace, values);
  await kernel.quadraticForm({ x, a, values });
  for (const [begin, end] of [[0, formBlock], [formBlock, 3 * formBlock], [3 * formBlock, columns]]) {
    await kernel.quadraticForm({ x, a, values: cut, begin, end });
  }
  assert.deepEqual(viewOf(cut), viewOf(values));
  // Anywhere else the ranges add up too, and stay close to the reference.
  const odd = copyOf(workspace, values), expected = copyOf(workspace, values);
  for (const [begin, end] of [[0, 0], [0, 3], [3, 200], [200, 200], [200, columns]]) {
    await kernel.quadraticForm({ x, a, values: odd, begin, end });
    await reference.quadraticForm({ x, a, values: expected, begin, end });
    for (let i = 1; i <= 9; i++) {
      const [value, wanted] = [viewOf(odd)[i], viewOf(expected)[i]];
      assert.ok(
        Math.abs(value - wanted) <= 1e-10 * columns,
        `row ${i - 1}, columns to ${end}: ${value}, not ${wanted}`,
      );
    }
  }
});
