import assert from "node:assert/strict";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { type Bench, conformance } from "../grid.ts";
import { copyOf, elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

// Around the turns of the kernels (2 columns, 128 threads), and enough to be cut into pieces both ways.
const shapes = [
  [0, 3, 0],
  [3, 0, 0],
  [1, 1, 0],
  [2, 3, 1],
  [5, 8, 2],
  [9, 127, 0],
  [17, 129, 3],
  [1700, 61, 2],
  [600, 1001, 1],
] as const;

const widestOf = ({ backend }: Bench): FloatDtype => backend === "webgpu" ? "f32" : "f64";

conformance("outlierCandidates", "equals the reference, and does not touch what lies between rows", async (bench) => {
  const { backend, dtype, workspace, kernel, reference, epsilon } = bench;
  for (const [rows, columns, gap] of shapes) {
    const random = createRandom(rows + columns), sparse = () => random.integer(4) === 0 ? random.normal() : 0;
    const operands = {
      residual: matrixOf(workspace, dtype, rows, columns, random.normal, gap),
      outliers: matrixOf(workspace, dtype, rows, columns, sparse, 2 * gap),
      steps: vectorOf(workspace, widestOf(bench), columns, random.uniform),
    };
    const expected = { ...operands, residual: copyOf(workspace, operands.residual) };
    const residual = elements(operands.residual), outliers = elements(operands.outliers);
    await kernel.outlierCandidates(operands);
    await reference.outlierCandidates(expected);
    const found = viewOf(operands.residual), wanted = viewOf(expected.residual);
    if (backend !== "webgpu") {
      assert.deepEqual(found, wanted, `${rows} x ${columns}`);
      continue;
    }
    const steps = viewOf(operands.steps).subarray(1);
    elements(operands.residual).forEach((value, at) => {
      const product = residual[at] * steps[at % columns], exact = outliers[at] + product;
      const tolerance = 2 * epsilon * (Math.abs(outliers[at]) + Math.abs(product));
      assert.ok(Math.abs(value - exact) <= tolerance, `${value} instead of ${exact}`);
    });
  }
});

conformance("outlierCandidates", "is exact on small whole numbers", async (bench) => {
  const { dtype, workspace, kernel } = bench;
  for (const [rows, columns, gap] of shapes) {
    const random = createRandom(rows), whole = () => random.integer(33) - 16;
    const residual = matrixOf(workspace, dtype, rows, columns, whole, gap);
    const outliers = matrixOf(workspace, dtype, rows, columns, whole);
    const steps = vectorOf(workspace, widestOf(bench), columns, () => random.integer(5) / 4);
    const before = elements(residual), added = elements(outliers), lengths = viewOf(steps).subarray(1);
    await kernel.outlierCandidates({ residual, outliers, steps });
    assert.deepEqual(
      elements(residual).map((value) => value + 0),
      before.map((value, at) => added[at] + value * lengths[at % columns] + 0),
    );
  }
});

conformance("columnSquares", "sums in f64 where there is f64, in the order of the rows", async (bench) => {
  const { backend, dtype, workspace, kernel, reference } = bench;
  for (const [rows, columns, gap] of shapes) {
    const random = createRandom(rows + columns);
    const values = matrixOf(workspace, dtype, rows, columns, random.normal, gap);
    const squares = vectorOf(workspace, widestOf(bench), columns, () => 7);
    const expected = copyOf(workspace, squares);
    await kernel.columnSquares({ values, squares });
    await reference.columnSquares({ values, squares: expected });
    const found = viewOf(squares), wanted = viewOf(expected);
    if (backend !== "webgpu") assert.deepEqual(found, wanted, `${rows} x ${columns}`);
    else found.forEach((sum, j) => assert.ok(Math.abs(sum - wanted[j]) <= rows * 2 ** -24 * wanted[j]));
  }
});

conformance("columnSquares", "adds up to the square of the norm", async (bench) => {
  const { dtype, workspace, kernel } = bench;
  for (const [rows, columns, gap] of shapes) {
    const random = createRandom(columns);
    // Sums of squares below 2^24: exact in any order and either precision.
    const values = matrixOf(workspace, dtype, rows, columns, () => random.integer(33) - 16, gap);
    const squares = vectorOf(workspace, widestOf(bench), columns, () => NaN);
    await kernel.columnSquares({ values, squares });
    const norm = elements(values).reduce((sum, value) => sum + value * value, 0);
    assert.equal(Array.from(viewOf(squares)).slice(1).reduce((sum, square) => sum + square, 0), norm);
  }
});
