import assert from "node:assert/strict";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { type Bench, conformance } from "../grid.ts";
import { copyOf, matrixOf, vectorOf, viewOf } from "../operands.ts";

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

/** Compares each element with the reference, within `unit` roundings of the sum of magnitudes. */
function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  magnitudes: ArrayLike<number>,
  unit: number,
  what: string,
): void {
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    assert.ok(error <= unit * Math.abs(magnitudes[i]), `${what}, element ${i}: ${actual[i]}, expected ${expected[i]}`);
  }
}

async function checkGemm(
  { dtype, workspace, kernel, reference, epsilon }: Bench,
  [m, n, k]: readonly [number, number, number],
  { transposeA = false, transposeB = false, alpha = 1, beta = 0, gap = 0 },
): Promise<void> {
  const random = createRandom(m + 31 * n + 997 * k);
  const a = matrixOf(workspace, dtype, ...(transposeA ? [k, m] as const : [m, k] as const), random.normal, gap);
  const b = matrixOf(workspace, dtype, ...(transposeB ? [n, k] as const : [k, n] as const), random.normal, gap);
  const c = matrixOf(workspace, dtype, m, n, random.normal, gap);
  const expected = copyOf(workspace, c);
  // The same sum over magnitudes bounds the error of either order of summation.
  const magnitude = copyOf(workspace, c, Math.abs, "f64");
  await reference.gemm({ a, b, c: expected, transposeA, transposeB, alpha, beta });
  await reference.gemm({
    a: copyOf(workspace, a, Math.abs, "f64"),
    b: copyOf(workspace, b, Math.abs, "f64"),
    c: magnitude,
    ...{ transposeA, transposeB, alpha: Math.abs(alpha), beta: Math.abs(beta) },
  });
  await kernel.gemm({ a, b, c, transposeA, transposeB, alpha, beta });
  const what = `${m} x ${n} x ${k}, transposes ${transposeA} ${transposeB}, beta ${beta}, gap ${gap}`;
  assertClose(viewOf(c), viewOf(expected), viewOf(magnitude), (k + 4) * epsilon, what);
  for (const operand of [a, b, c, expected, magnitude]) workspace.free(operand.array);
}

conformance("gemm", "is within the error of a sum, transposed or not", async (bench) => {
  for (const shape of shapes) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) await checkGemm(bench, shape, { transposeA, transposeB });
    }
  }
});

conformance("gemm", "scales, accumulates and leaves the gaps between rows alone", async (bench) => {
  for (const shape of shapes) {
    await checkGemm(bench, shape, { alpha: -0.5, beta: 1, gap: 3 });
    await checkGemm(bench, shape, { alpha: 2, beta: -1.5, gap: 1, transposeA: true, transposeB: true });
  }
});

conformance("gemm", "is exact on whole numbers", async ({ dtype, workspace, kernel, reference }) => {
  const random = createRandom(5);
  const digit = () => random.integer(9) - 4;
  const a = matrixOf(workspace, dtype, 23, 300, digit, 1), b = matrixOf(workspace, dtype, 300, 37, digit, 2);
  const c = matrixOf(workspace, dtype, 23, 37, digit, 1), expected = copyOf(workspace, c);
  await reference.gemm({ a, b, c: expected, alpha: -2, beta: 3 });
  await kernel.gemm({ a, b, c, alpha: -2, beta: 3 });
  assert.deepEqual(viewOf(c), viewOf(expected));
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

async function checkSyrk(bench: Bench, input: FloatDtype): Promise<void> {
  const { dtype, workspace, kernel, reference } = bench;
  const epsilon = input === "f32" ? 2 ** -24 : bench.epsilon;
  for (const [samples, features] of gramShapes) {
    for (const [alpha, beta] of [[1, 0], [-0.5, 1], [2, 0.25]]) {
      const random = createRandom(samples + 31 * features);
      const a = matrixOf(workspace, input, samples, features, random.normal, 2);
      const root = matrixOf(workspace, dtype, 3, features, random.normal);
      const c = matrixOf(workspace, dtype, features, features, () => NaN, 1);
      if (beta !== 0) await reference.syrk({ a: root, c });
      const expected = copyOf(workspace, c), magnitude = copyOf(workspace, c, Math.abs, "f64");
      await reference.syrk({ a, c: expected, alpha, beta });
      const size = copyOf(workspace, a, Math.abs, "f64");
      await reference.syrk({ a: size, c: magnitude, alpha: Math.abs(alpha), beta });
      await kernel.syrk({ a, c, alpha, beta });
      const got = viewOf(c).subarray(1), want = viewOf(expected).subarray(1), bound = viewOf(magnitude).subarray(1);
      const what = `${samples} x ${features} ${input} into ${dtype}, alpha ${alpha}, beta ${beta}`;
      for (let i = 0; i < features; i++) {
        const row = i * (features + 1), end = row + features;
        const unit = (samples + 4) * epsilon;
        assertClose(got.subarray(row, end), want.subarray(row, end), bound.subarray(row, end), unit, what);
        for (let j = 0; j < i; j++) assert.equal(got[row + j], got[j * (features + 1) + i], `${what}: symmetry`);
        assert.ok(Number.isNaN(got[end]), `${what}: the gap between rows was written`);
      }
      for (const operand of [a, root, c, expected, magnitude, size]) workspace.free(operand.array);
    }
  }
}

conformance("syrk", "is within the error of a sum and symmetric to the bit", async (bench) => {
  await checkSyrk(bench, bench.dtype);
  // f32 samples may be added to an f64 matrix.
  if (bench.dtype === "f64") await checkSyrk(bench, "f32");
});

conformance("gemv", "is within the error of a sum, transposed or not", async (bench) => {
  const { dtype, workspace, kernel, reference, epsilon } = bench;
  for (const [rows, columns] of [[0, 3], [3, 0], [1, 1], [2, 16], [7, 17], [9, 31], [64, 65], [300, 33], [5, 1000]]) {
    for (const transpose of [false, true]) {
      for (const [alpha, beta] of [[1, 0], [-0.5, 1], [2, -0.25]]) {
        const random = createRandom(rows + 31 * columns);
        const a = matrixOf(workspace, dtype, rows, columns, random.normal, 2);
        const x = vectorOf(workspace, dtype, transpose ? rows : columns, random.normal);
        const y = vectorOf(workspace, dtype, transpose ? columns : rows, beta === 0 ? () => NaN : random.normal);
        const expected = copyOf(workspace, y), magnitude = copyOf(workspace, y, Math.abs, "f64");
        await reference.gemv({ a, x, y: expected, transpose, alpha, beta });
        const sizes = { a: copyOf(workspace, a, Math.abs, "f64"), x: copyOf(workspace, x, Math.abs, "f64") };
        await reference.gemv({ ...sizes, y: magnitude, transpose, alpha: Math.abs(alpha), beta: Math.abs(beta) });
        await kernel.gemv({ a, x, y, transpose, alpha, beta });
        const parts = [y, expected, magnitude].map((operand) => viewOf(operand).subarray(1));
        const what = `${rows} x ${columns}, transpose ${transpose}, alpha ${alpha}, beta ${beta}`;
        assertClose(parts[0], parts[1], parts[2], (x.length + 4) * epsilon, what);
        for (const operand of [a, x, y, expected, magnitude, sizes.a, sizes.x]) workspace.free(operand.array);
      }
    }
  }
});
