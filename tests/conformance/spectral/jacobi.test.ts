import assert from "node:assert/strict";
import type { FloatDtype, MatrixOperand } from "../../../kernels/contract.ts";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, type Residual } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { elements, matrixOf, viewOf } from "../operands.ts";

/** A symmetric matrix; between its rows lies NaN. */
function symmetric(workspace: Workspace, dtype: FloatDtype, n: number, gap: number): MatrixOperand {
  const random = createRandom(n + 1), a = matrixOf(workspace, dtype, n, n, () => NaN, gap), view = viewOf(a);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) view[1 + i * a.stride! + j] = view[1 + j * a.stride! + i] = random.normal();
  }
  return a;
}

/** `V^T A V` by plain sums. */
function congruence(v: MatrixOperand, a: MatrixOperand): Float64Array {
  const n = a.rows, w = v.columns, left = elements(v), middle = elements(a), result = new Float64Array(w * w);
  for (let i = 0; i < w; i++) {
    for (let j = 0; j < w; j++) {
      let sum = 0;
      for (let p = 0; p < n; p++) {
        for (let q = 0; q < n; q++) sum += left[p * w + i] * middle[p * n + q] * left[q * w + j];
      }
      result[i * w + j] = sum;
    }
  }
  return result;
}

function* equal(what: string, one: ArrayLike<number>, other: ArrayLike<number>, terms: number): Iterable<Residual> {
  let magnitude = 0;
  for (let k = 0; k < other.length; k++) magnitude = Math.max(magnitude, Math.abs(other[k]));
  for (let k = 0; k < other.length; k++) yield { what: `${what} at ${k}`, value: one[k] - other[k], terms, magnitude };
}

agreement("jacobiSweep", "rotates each pair of rows once, and keeps V^T A V", function* ({ dtype, workspace }) {
  for (const [n, gap] of [[0, 0], [1, 2], [2, 0], [3, 1], [5, 0], [8, 3], [17, 1], [32, 0]]) {
    const random = createRandom(n), a = symmetric(workspace, dtype, n, gap);
    const vectors = matrixOf(workspace, dtype, n, n + 1, random.normal, gap);
    const terms = 20 * (n + 2);
    yield {
      what: `${n} x ${n}, gap ${gap}`,
      operands: { a, vectors, threshold: n === 5 ? 0.5 : 0 },
      outputs: ({ a, vectors }) => [a, vectors],
      identity: (after, before) =>
        equal("V^T A V", congruence(after.vectors, after.a), congruence(before.vectors, before.a), terms * n),
    };
  }
});

conformance("jacobiSweep", "leaves a diagonal after a few sweeps, and then nothing to do", async (bench) => {
  const { dtype, workspace, kernel, epsilon } = bench;
  for (const n of [2, 7, 24]) {
    const a = symmetric(workspace, dtype, n, 0), vectors = matrixOf(workspace, dtype, n, n, () => 0);
    for (let i = 0; i < n; i++) viewOf(vectors)[1 + i * (n + 1)] = 1;
    let size = 0;
    for (const value of elements(a)) size += value * value;
    const threshold = epsilon * Math.sqrt(size);
    let sweeps = 0;
    while (await kernel.jacobiSweep({ a, vectors, threshold }) > 0) assert.ok(++sweeps < 12, `${n}: sweep ${sweeps}`);
    const left = elements(a), v = elements(vectors);
    let trace = 0;
    left.forEach((value, k) => {
      if (k % (n + 1) === 0) trace += value * value;
      else assert.ok(Math.abs(value) <= threshold, `${n}: ${value} at ${k}`);
    });
    assert.ok(Math.abs(trace - size) <= 1e2 * epsilon * n * size, `${n}: squares of eigenvalues`);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = i === j ? -1 : 0;
        for (let k = 0; k < n; k++) sum += v[i * n + k] * v[j * n + k];
        assert.ok(Math.abs(sum) <= 60 * epsilon * n, `${n}: vectors ${i} and ${j}: ${sum}`);
      }
    }
    for (const { array } of [a, vectors]) workspace.free(array);
  }
});

agreement("orthogonalizeRows", "turns A and what goes along by one rotation", function* ({ dtype, workspace }) {
  for (const [rows, columns] of [[0, 3], [1, 4], [2, 1], [2, 9], [3, 5], [6, 16], [7, 31], [40, 64], [130, 600]]) {
    const random = createRandom(rows), terms = 40 * (rows + 2);
    const a = matrixOf(workspace, dtype, rows, columns, random.normal, rows % 3);
    const along = matrixOf(workspace, dtype, rows, 5, random.normal, 1);
    // A^T W and W^T W do not change when rows of both are rotated.
    const products = ({ a, along }: { a: MatrixOperand; along: MatrixOperand }) => {
      const one = elements(a), other = elements(along), sums = new Float64Array((columns + 5) * 5);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns + 5; j++) {
          const value = j < columns ? one[i * columns + j] : other[i * 5 + j - columns];
          for (let k = 0; k < 5; k++) sums[j * 5 + k] += value * other[i * 5 + k];
        }
      }
      return sums;
    };
    yield {
      what: `${rows} x ${columns}`,
      operands: { a, along, tolerance: rows > 10 ? 0 : 1e-3 },
      outputs: ({ a, along }) => [a, along],
      identity: (after, before) => equal("A^T W", products(after), products(before), terms),
    };
  }
});

conformance("orthogonalizeRows", "makes all rows orthogonal in the end, zero and dependent ones too", async (bench) => {
  const { dtype, workspace, kernel, epsilon } = bench;
  for (const [rows, columns] of [[2, 2], [5, 9], [12, 7], [16, 40]]) {
    const random = createRandom(rows), a = matrixOf(workspace, dtype, rows, columns, random.normal);
    const along = matrixOf(workspace, dtype, rows, 1, random.normal), view = viewOf(a);
    view.fill(0, 1, 1 + columns);
    view.copyWithin(1 + columns, 1 + (rows - 1) * columns, 1 + rows * columns);
    const tolerance = 4 * epsilon * Math.sqrt(columns);
    // Rows that depend on others shrink to rounding, which turns on: they are held against the largest.
    for (let sweep = 0; sweep < 12; sweep++) await kernel.orthogonalizeRows({ a, along, tolerance });
    const values = elements(a), row = (i: number) => values.slice(i * columns, (i + 1) * columns);
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, k) => sum + value * y[k], 0);
    const largest = Math.max(...Array.from({ length: rows }, (_, i) => dot(row(i), row(i))));
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < i; j++) {
        assert.ok(Math.abs(dot(row(i), row(j))) <= 20 * tolerance * largest, `${rows} x ${columns}: ${i}, ${j}`);
      }
    }
    for (const { array } of [a, along]) workspace.free(array);
  }
});
