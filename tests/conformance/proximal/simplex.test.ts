import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { agreement, sumTolerance } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { copyOf, elements, matrixOf, viewOf } from "../operands.ts";

/** The projection of a row by sorting, in f64 (Held, Wolfe & Crowder 1974). */
function bySorting(row: readonly number[], radius: number): number[] {
  const sorted = row.toSorted((a, b) => b - a);
  let sum = 0, threshold = 0;
  for (let count = 1; count <= sorted.length; count++) {
    sum += sorted[count - 1];
    const next = (sum - radius) / count;
    if (sorted[count - 1] > next) threshold = next;
  }
  return row.map((value) => Math.max(value - threshold, 0));
}

/** Means of a row are short sums in f32; in f64 the sums that they are compared with are as long as the row. */
const termsOf = (dtype: FloatDtype, columns: number) => dtype === "f32" ? 16 + columns / 64 : 16 + columns;

const widths = [1, 2, 3, 5, 8, 31, 64, 127, 128, 129, 1000];

conformance("projectSimplex", "finds what sorting finds, and does not touch the gaps between rows", async (bench) => {
  const { dtype, workspace, kernel } = bench;
  for (const columns of widths) {
    const tolerance = sumTolerance(termsOf(dtype, columns), dtype);
    for (const [radius, scale] of [[1, 1], [0.25, 8], [40, 0.5], [1, 0]]) {
      const random = createRandom(columns), rows = 7;
      const x = matrixOf(workspace, dtype, rows, columns, () => scale * random.normal(), 2),
        before = copyOf(workspace, x);
      await kernel.projectSimplex({ x, radius });
      const inside = new Set<number>(), got = elements(x), start = elements(before);
      for (let i = 0; i < rows; i++) {
        const row = start.slice(i * columns, (i + 1) * columns), wanted = bySorting(row, radius);
        const bound = tolerance * (radius + Math.max(...row.map(Math.abs)));
        wanted.forEach((value, j) => {
          inside.add(x.offset! + i * x.stride! + j);
          const what = `${columns} columns, radius ${radius}, scale ${scale}, row ${i}, column ${j}`;
          const error = Math.abs(got[i * columns + j] - value);
          assert.ok(got[i * columns + j] >= 0 && error <= bound, `${what}: ${error}`);
        });
      }
      viewOf(x).forEach((value, at) => inside.has(at) || assert.equal(value, viewOf(before)[at], "a gap was written"));
      for (const { array } of [x, before]) workspace.free(array);
    }
  }
});

agreement("projectSimplex", "agrees with the reference, also far from the simplex and on no rows", function* (bench) {
  const { dtype, workspace } = bench;
  for (const [rows, columns] of [[0, 3], [3, 0], [40, 17], [3, 513]]) {
    for (const far of [0, 1000, -1000]) {
      const random = createRandom(rows + columns);
      const x = matrixOf(workspace, dtype, rows, columns, () => far + random.normal());
      const what = `${rows} x ${columns} around ${far}`;
      // Both begin with the differences to the largest entry: their errors do not grow with the distance, and entries
      // that stay are within the radius of it.
      yield { what, operands: { x }, outputs: ({ x }) => [x], terms: termsOf(dtype, columns), magnitude: 2 };
    }
  }
});

conformance(
  "projectSimplex",
  "keeps points of the simplex, and finds its corners and its middle exactly",
  async (bench) => {
    const { dtype, workspace, kernel } = bench;
    const rows = [[0.5, 0.25, 0, 0.25], [9, 0, 1, 2], [3, 3, 3, 3], [-1, -1, -9, -9]];
    const wanted = [[0.5, 0.25, 0, 0.25], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]];
    const fill = [0, ...rows.flat()].values();
    const x = matrixOf(workspace, dtype, 4, 4, () => fill.next().value!);
    await kernel.projectSimplex({ x });
    assert.deepEqual(elements(x), wanted.flat());
  },
);
