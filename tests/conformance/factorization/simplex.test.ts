import assert from "node:assert/strict";
import type { MatrixOperand } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, sumTolerance } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";
import { blockOf, blockShapes } from "./blocks.ts";

/** Largest eigenvalue of the Gram matrices of the blocks, generously. */
const largest = 3;

/** A block whose columns begin on the simplex. */
function simplexBlock(bench: Bench, rank: number, columns: number) {
  const block = blockOf(bench.workspace, bench.dtype, rank, columns), view = viewOf(block.factor);
  const { offset = 0, stride = columns } = block.factor;
  for (let i = 0; i < columns; i++) {
    for (let t = 0; t < rank; t++) view[offset + t * stride + i] = t === i % rank ? 1 : 0;
  }
  return block;
}

function values(gram: MatrixOperand, linear: MatrixOperand, factor: MatrixOperand): number[] {
  const [M, P, W] = [gram, linear, factor].map(elements), { rows: rank, columns } = factor;
  return Array.from({ length: columns }, (_, i) => {
    let value = 0;
    for (let t = 0; t < rank; t++) {
      value -= 2 * P[t * columns + i] * W[t * columns + i];
      for (let s = 0; s < rank; s++) value += W[t * columns + i] * M[t * rank + s] * W[s * columns + i];
    }
    return value;
  });
}

agreement("simplexDescent", "agrees with the reference for the first steps", function* (bench) {
  for (const [rank, columns] of blockShapes) {
    for (const steps of [0, 1, 3]) {
      yield {
        what: `${rank} x ${columns}, ${steps} steps`,
        operands: { ...simplexBlock(bench, rank, columns), step: 1 / largest, steps },
        outputs: ({ factor }) => [factor],
        terms: 8 * rank * (steps + 1),
        magnitude: 8,
      };
    }
  }
});

conformance("simplexDescent", "stays on the simplex, never gets worse, and closes the gap", async (bench) => {
  for (const [rank, columns] of [[1, 4], [3, 18], [8, 41]]) {
    const { gram, linear, factor } = simplexBlock(bench, rank, columns);
    let last = values(gram, linear, factor);
    for (const steps of [1, 5, 400]) {
      await bench.kernel.simplexDescent({ gram, linear, factor, step: 1 / largest, steps });
      const next = values(gram, linear, factor);
      next.forEach((value, i) => {
        const rounding = 60 * rank * bench.epsilon;
        assert.ok(value <= last[i] + rounding, `column ${i}: ${value} after ${last[i]}`);
      });
      last = next;
    }
    const [M, P, W] = [gram, linear, factor].map(elements);
    for (let i = 0; i < columns; i++) {
      let sum = 0, mean = 0, least = Infinity;
      for (let t = 0; t < rank; t++) {
        let gradient = -P[t * columns + i];
        for (let s = 0; s < rank; s++) gradient += M[t * rank + s] * W[s * columns + i];
        const w = W[t * columns + i];
        assert.ok(w >= 0);
        sum += w;
        mean += w * gradient;
        least = Math.min(least, gradient);
      }
      assert.ok(Math.abs(sum - 1) <= 4 * rank * bench.epsilon, `column ${i} sums to ${sum}`);
      const gap = mean - least, bound = bench.dtype === "f64" ? 1e-12 : 1e-4;
      assert.ok(gap <= bound, `column ${i} of rank ${rank}: gap ${gap}`);
    }
  }
});

agreement("extrapolatedStep", "agrees with the reference", function* ({ workspace, dtype }) {
  for (const [rows, columns] of [[0, 3], [3, 0], [1, 1], [2, 5], [3, 64], [5, 1003], [40, 9001]]) {
    const random = createRandom(rows + columns);
    const matrix = () => matrixOf(workspace, dtype, rows, columns, random.normal, 2);
    const [x, before, image, imageBefore, linear, target] = [1, 2, 3, 4, 5, 6].map(matrix);
    const momenta = vectorOf(workspace, "f64", rows, random.uniform);
    yield {
      what: `${rows} x ${columns}`,
      operands: { x, before, image, imageBefore, linear, momenta, step: 0.3, target },
      outputs: ({ target }) => [target],
      terms: 8,
      magnitude: 40,
    };
  }
});

agreement("rowDots", "agrees with the reference", function* ({ workspace, dtype }) {
  for (const [rows, columns] of [[0, 3], [3, 0], [1, 1], [7, 33], [3, 5000], [900, 401]]) {
    const random = createRandom(rows + columns);
    const [x, y] = [1, 2].map((gap) => matrixOf(workspace, dtype, rows, columns, random.normal, gap));
    yield {
      what: `${rows} x ${columns}`,
      operands: { x, y, values: vectorOf(workspace, "f64", rows, () => NaN) },
      outputs: ({ values }) => [values],
      precision: dtype,
      terms: dtype === "f32" ? 20 : columns,
    };
  }
});

agreement("rowGram", "agrees with the reference", function* ({ workspace, dtype }) {
  for (const [rows, columns] of [[1, 0], [1, 1], [2, 7], [5, 64], [13, 700], [40, 2000]]) {
    const random = createRandom(rows + columns);
    yield {
      what: `${rows} x ${columns}`,
      operands: {
        a: matrixOf(workspace, dtype, rows, columns, random.normal, 3),
        gram: matrixOf(workspace, "f64", rows, rows, () => NaN, 1),
      },
      outputs: ({ gram }) => [gram],
      precision: dtype,
      terms: dtype === "f32" ? 20 : columns,
    };
  }
});

conformance("rowGram", "is symmetric to the bit", async (bench) => {
  const random = createRandom(3), a = matrixOf(bench.workspace, bench.dtype, 9, 77, random.normal);
  const gram = matrixOf(bench.workspace, "f64", 9, 9, () => NaN);
  await bench.kernel.rowGram({ a, gram });
  const G = elements(gram);
  G.forEach((value, at) => assert.equal(value, G[(at % 9) * 9 + Math.floor(at / 9)]));
  assert.ok(
    Math.abs(G[0] - elements(a).slice(0, 77).reduce((sum, x) => sum + x * x, 0)) <=
      sumTolerance(77, bench.dtype) * G[0],
  );
});
