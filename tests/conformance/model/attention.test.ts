import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";

/** Queries, heads, heads of keys, columns of a head, first position, window, slopes. */
const cases = [
  [0, 2, 1, 4, 0, undefined, false],
  [1, 1, 1, 1, 0, undefined, false],
  [1, 4, 2, 8, 9, undefined, false],
  [5, 2, 2, 3, 0, undefined, true],
  [7, 6, 3, 12, 2, 4, false],
  [9, 4, 1, 10, 0, 1, true],
  [40, 8, 4, 8, 0, undefined, false],
  [33, 2, 2, 64, 5, undefined, true],
] as const;

agreement("causalAttention", "agrees with shared keys, windows, slopes and a cache", function* ({ dtype, workspace }) {
  for (const [count, heads, keyValueHeads, size, first, window, sloped] of cases) {
    const random = createRandom(count + size),
      matrix = (rows: number, columns: number, gap: number) =>
        matrixOf(workspace, dtype, rows, columns, random.normal, gap);
    const queries = matrix(count, heads * size, 1), keys = matrix(first + count, keyValueHeads * size, 0);
    const values = matrix(first + count, keyValueHeads * size, 2), outputs = matrix(count, heads * size, 0);
    const slopes = sloped ? vectorOf(workspace, dtype, heads, random.uniform) : undefined;
    const norm = (numbers: readonly number[]) => Math.max(0, ...numbers.map(Math.abs));
    const scale = 1 / Math.sqrt(size), score = scale * size * norm(elements(queries)) * norm(elements(keys));
    yield {
      what: `${count} queries from ${first}, ${heads} heads on ${keyValueHeads} of ${size}, window ${window}`,
      operands: { queries, keys, values, outputs, heads, keyValueHeads, first, window, scale, ...slopes && { slopes } },
      outputs: ({ outputs }) => [outputs],
      terms: size + first + count,
      magnitude: norm(elements(values)) * (1 + score + first + count),
    };
  }
});

conformance("causalAttention", "gives means of the values seen so far", async ({ dtype, workspace, kernel }) => {
  const random = createRandom(3), zero = () => 0;
  const keys = matrixOf(workspace, dtype, 6, 4, random.normal),
    values = matrixOf(workspace, dtype, 6, 4, random.normal);
  const queries = matrixOf(workspace, dtype, 6, 4, zero), outputs = matrixOf(workspace, dtype, 6, 4, zero);
  await kernel.causalAttention({
    queries,
    keys,
    values,
    outputs,
    heads: 1,
    keyValueHeads: 1,
    first: 0,
    scale: 1,
  });
  const received = elements(outputs), given = elements(values);
  for (let i = 0; i < 6; i++) {
    for (let d = 0; d < 4; d++) {
      let mean = 0;
      for (let j = 0; j <= i; j++) mean += given[j * 4 + d] / (i + 1);
      assert.ok(Math.abs(received[i * 4 + d] - mean) < 1e-6, `${i}, ${d}`);
    }
  }
});

agreement("rotatePositions", "agrees for whole heads and parts of them", function* ({ dtype, workspace }) {
  for (
    const [rows, heads, size, half, gap] of [[0, 1, 2, 1, 0], [1, 1, 2, 1, 0], [3, 2, 8, 4, 1], [5, 3, 10, 3, 0], [
      9,
      2,
      12,
      6,
      2,
    ]]
  ) {
    const random = createRandom(rows), x = matrixOf(workspace, dtype, rows, heads * size, random.normal, gap);
    const cosines = matrixOf(workspace, dtype, rows, half, random.normal);
    const sines = matrixOf(workspace, dtype, rows, half, random.normal);
    yield {
      what: `${rows} rows of ${heads} heads of ${size}, half ${half}`,
      operands: { x, cosines, sines, headSize: size },
      outputs: ({ x }) => [x],
      magnitude: 30,
    };
  }
});

conformance("rotatePositions", "keeps the length of each pair", async ({ dtype, workspace, kernel }) => {
  const random = createRandom(5), x = matrixOf(workspace, dtype, 4, 12, random.normal), before = elements(x);
  const angles = Array.from({ length: 12 }, random.normal),
    table = (f: (angle: number) => number) => {
      const matrix = matrixOf(workspace, dtype, 4, 3, () => 0);
      viewOf(matrix).set(angles.map(f), 1);
      return matrix;
    };
  await kernel.rotatePositions({ x, cosines: table(Math.cos), sines: table(Math.sin), headSize: 6 });
  const after = elements(x);
  for (let i = 0; i < 4; i++) {
    for (const head of [0, 6]) {
      for (let k = 0; k < 3; k++) {
        const at = i * 12 + head + k, length = (values: readonly number[]) => Math.hypot(values[at], values[at + 3]);
        assert.ok(Math.abs(length(after) - length(before)) < 1e-5, `${i}, ${head}, ${k}`);
      }
    }
  }
});
