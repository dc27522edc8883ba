import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import type { FloatDtype } from "../../../kernels/contract.ts";
import { agreement } from "../agreement.ts";
import { awkwardLengths, conformance } from "../grid.ts";
import { vectorOf } from "../operands.ts";

/** In f32 the kernels add in short runs, whatever the length; in f64 the reference itself errs by the length. */
const termsOf = (dtype: FloatDtype, length: number) => dtype === "f32" ? Math.min(16, length) : length;

agreement("dot", "is within the error of a short sum", function* ({ dtype, workspace }) {
  const random = createRandom(1);
  for (const length of awkwardLengths) {
    const x = vectorOf(workspace, dtype, length, random.normal), y = vectorOf(workspace, dtype, length, random.normal);
    yield { what: `length ${length}`, operands: { x, y }, outputs: () => [], terms: termsOf(dtype, length) };
  }
});

agreement("axpy", "is within a few roundings of each element", function* ({ dtype, workspace }) {
  const random = createRandom(2);
  for (const length of awkwardLengths) {
    const x = vectorOf(workspace, dtype, length, random.normal), y = vectorOf(workspace, dtype, length, random.normal);
    // A scalar that f32 holds exactly: rounding it would be a further error.
    yield { what: `length ${length}`, operands: { alpha: -1.375, x, y }, outputs: ({ y }) => [y] };
  }
});

agreement("nrm2", "is within the error of a sum at any scale", function* ({ dtype, workspace }) {
  const random = createRandom(3);
  const scales = dtype === "f32" ? [1, 1e-30, 1e30, 1e-42] : [1, 1e-200, 1e200, 1e-310];
  for (const length of awkwardLengths) {
    for (const scale of scales) {
      const x = vectorOf(workspace, dtype, length, () => scale * random.normal());
      const what = `length ${length}, scale ${scale}`;
      yield { what, operands: { x }, outputs: () => [], terms: termsOf(dtype, length) };
    }
  }
});

conformance("nrm2", "carries infinities and NaN", async ({ dtype, workspace, kernel }) => {
  const norm = (...values: number[]) => {
    const fill = [0, ...values].values();
    return kernel.nrm2({ x: vectorOf(workspace, dtype, values.length, () => fill.next().value!) });
  };
  assert.equal(await norm(1, -Infinity, 2), Infinity);
  assert.ok(Number.isNaN(await norm(1, NaN, Infinity)));
  assert.equal(await norm(0, -0), 0);
});
