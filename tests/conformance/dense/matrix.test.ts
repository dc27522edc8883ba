import assert from "node:assert/strict";
import type { FloatDtype, GemmArguments, SyrkArguments } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement, type Case } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

// Around the register tiles (5 x 8, 5 x 4, 2 x 16, 2 x 8), the lanes and the packed blocks (256 deep, 512 wide).
const shapes = [
  [0, 3, 2],
  [3, 0, 2],
  [3, 4, 0],
  [1, 1, 1],
  [1, 17, 3],
  [17, 1, 33],
  [1, 70, 270],
  [4, 7, 5],
  [5, 8, 4],
  [6, 9, 7],
  [9, 15, 8],
  [10, 16, 9],
  [11, 33, 31],
  [64, 64, 64],
  [7, 19, 255],
  [7, 19, 256],
  [7, 19, 257],
  [3, 5, 515],
  [6, 519, 257],
  [6, 1030, 100],
  [130, 65, 40],
  // Parts of the depth on devices.
  [12, 20, 1500],
  [13, 11, 1501],
] as const;

function gemmCase(
  { dtype, workspace }: Bench,
  [m, n, k]: readonly [number, number, number],
  { transposeA = false, transposeB = false, alpha = 1, beta = 0, gap = 0 },
): Case<GemmArguments> {
  const random = createRandom(m + 31 * n + 997 * k);
  const a = matrixOf(workspace, dtype, ...(transposeA ? [k, m] as const : [m, k] as const), random.normal, gap);
  const b = matrixOf(workspace, dtype, ...(transposeB ? [n, k] as const : [k, n] as const), random.normal, gap);
  const c = matrixOf(workspace, dtype, m, n, random.normal, gap);
  return {
    what: `${m} x ${n} x ${k}, transposes ${transposeA} ${transposeB}, beta ${beta}, gap ${gap}`,
    operands: { a, b, c, transposeA, transposeB, alpha, beta },
    outputs: ({ c }) => [c],
    terms: k,
  };
}

agreement("gemm", "is within the error of a sum, transposed or not", function* (bench) {
  for (const shape of shapes) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) yield gemmCase(bench, shape, { transposeA, transposeB });
    }
  }
});

agreement("gemm", "scales, accumulates and does not touch the gaps between rows", function* (bench) {
  for (const shape of shapes) {
    yield gemmCase(bench, shape, { alpha: -0.5, beta: 1, gap: 3 });
    yield gemmCase(bench, shape, { alpha: 2, beta: -1.5, gap: 1, transposeA: true, transposeB: true });
  }
});

agreement("gemm", "is exact on whole numbers", function* ({ dtype, workspace }) {
  const random = createRandom(5);
  const digit = () => random.integer(9) - 4;
  const a = matrixOf(workspace, dtype, 23, 300, digit, 1), b = matrixOf(workspace, dtype, 300, 37, digit, 2);
  const c = matrixOf(workspace, dtype, 23, 37, digit, 1);
  const operands = { a, b, c, alpha: -2, beta: 3 };
  yield { what: "whole numbers", operands, outputs: ({ c }) => [c], exact: true };
});

conformance("gemm", "does not read C where beta is 0", async ({ dtype, workspace, kernel }) => {
  for (const alpha of [1, 0]) {
    const a = matrixOf(workspace, dtype, 7, 3, () => 1), b = matrixOf(workspace, dtype, 3, 18, () => 2);
    const c = matrixOf(workspace, dtype, 7, 18, () => NaN);
    await kernel.gemm({ a, b, c, alpha, beta: 0 });
    assert.ok(viewOf(c).subarray(1).every((value) => value === 6 * alpha), `alpha ${alpha}`);
  }
});

const gramShapes = [[0, 3], [3, 0], [1, 1], [5, 2], [9, 7], [40, 8], [257, 9], [30, 17], [300, 65], [20, 130], [
  1500,
  12,
]] as const;

function* syrkCases({ dtype, workspace, reference }: Bench, input: FloatDtype): Iterable<Case<SyrkArguments>> {
  for (const [samples, features] of gramShapes) {
    for (const [alpha, beta] of [[1, 0], [-0.5, 1], [2, 0.25]]) {
      const random = createRandom(samples + 31 * features);
      const a = matrixOf(workspace, input, samples, features, random.normal, 2);
      const root = matrixOf(workspace, dtype, 3, features, random.normal);
      const c = matrixOf(workspace, dtype, features, features, () => NaN, 1);
      if (beta !== 0) reference.syrk({ a: root, c });
      workspace.free(root.array);
      const what = `${samples} x ${features} ${input} into ${dtype}, alpha ${alpha}, beta ${beta}`;
      yield { what, operands: { a, c, alpha, beta }, outputs: ({ c }) => [c], terms: samples, precision: input };
    }
  }
}

agreement("syrk", "is within the error of a sum", function* (bench) {
  yield* syrkCases(bench, bench.dtype);
  // f32 samples may be added to an f64 matrix.
  if (bench.dtype === "f64") yield* syrkCases(bench, "f32");
});

conformance("syrk", "is symmetric to the bit", async (bench) => {
  for (const input of bench.dtype === "f64" ? ["f64", "f32"] as const : ["f32"] as const) {
    for (const { what, operands } of syrkCases(bench, input)) {
      await bench.kernel.syrk(operands);
      const size = operands.c.columns, got = elements(operands.c);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < i; j++) assert.equal(got[i * size + j], got[j * size + i], what);
      }
      for (const { array } of [operands.a, operands.c]) bench.workspace.free(array);
    }
  }
});

agreement("gemv", "is within the error of a sum, transposed or not", function* ({ dtype, workspace }) {
  for (const [rows, columns] of [[0, 3], [3, 0], [1, 1], [2, 16], [7, 17], [9, 31], [64, 65], [300, 33], [5, 1000]]) {
    for (const transpose of [false, true]) {
      for (const [alpha, beta] of [[1, 0], [-0.5, 1], [2, -0.25]]) {
        const random = createRandom(rows + 31 * columns);
        const a = matrixOf(workspace, dtype, rows, columns, random.normal, 2);
        const x = vectorOf(workspace, dtype, transpose ? rows : columns, random.normal);
        const y = vectorOf(workspace, dtype, transpose ? columns : rows, beta === 0 ? () => NaN : random.normal);
        const what = `${rows} x ${columns}, transpose ${transpose}, alpha ${alpha}, beta ${beta}`;
        yield { what, operands: { a, x, y, transpose, alpha, beta }, outputs: ({ y }) => [y], terms: x.length };
      }
    }
  }
});
