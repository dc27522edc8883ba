import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf } from "../operands.ts";

// Rows, columns of A and B, rows of a block, blocks: also blocks that are cut short, and some beyond the last row.
const shapes = [
  [0, 3, 2, 4, 2],
  [1, 1, 1, 1, 1],
  [5, 3, 0, 2, 3],
  [7, 3, 5, 3, 3],
  [10, 6, 11, 4, 5],
  [300, 25, 20, 64, 5],
  [1100, 13, 7, 512, 3],
] as const;

function operandsOf({ dtype, workspace }: Bench, [n, m, k, lines, count]: typeof shapes[number], gram: boolean) {
  const random = createRandom(n + 31 * m), a = matrixOf(workspace, dtype, n, m, random.normal, 2);
  const b = gram ? undefined : matrixOf(workspace, dtype, n, k, random.normal, 1);
  const parts = matrixOf(workspace, dtype, count, m * (gram ? m : k), () => NaN, 3);
  return { a, ...b && { b }, parts, lines };
}

agreement("partialProducts", "is within the error of a sum", function* (bench) {
  for (const shape of shapes) {
    for (const gram of [false, true]) {
      const operands = operandsOf(bench, shape, gram), what = `${shape.join(", ")}${gram ? ", Gram" : ""}`;
      yield { what, operands, outputs: ({ parts }) => [parts], terms: shape[3] };
    }
  }
});

conformance("partialProducts", "is symmetric to the bit for a matrix with itself", async (bench) => {
  const shape = shapes[5], operands = operandsOf(bench, shape, true), m = shape[1];
  await bench.kernel.partialProducts(operands);
  const got = elements(operands.parts);
  for (let p = 0; p < shape[4]; p++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < i; j++) assert.equal(got[(p * m + i) * m + j], got[(p * m + j) * m + i]);
    }
  }
});
