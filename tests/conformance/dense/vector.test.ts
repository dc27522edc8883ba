import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import { awkwardLengths, conformance } from "../grid.ts";
import { copyOf, vectorOf, viewOf } from "../operands.ts";

conformance("dot", "is within the error of a short sum", async ({ dtype, workspace, kernel, reference, epsilon }) => {
  const random = createRandom(1);
  for (const length of awkwardLengths) {
    const x = vectorOf(workspace, dtype, length, random.normal), y = vectorOf(workspace, dtype, length, random.normal);
    const magnitude = await reference.dot({ x: copyOf(workspace, x, Math.abs), y: copyOf(workspace, y, Math.abs) });
    const error = Math.abs(await kernel.dot({ x, y }) - await reference.dot({ x, y }));
    // f32 runs are short, whatever the length; in f64 the reference itself errs by the length.
    const roundings = dtype === "f32" ? 20 : length;
    assert.ok(error <= roundings * epsilon * magnitude, `length ${length}: error ${error}`);
  }
});

conformance("axpy", "is within two roundings of each element", async (bench) => {
  const { dtype, workspace, kernel, reference, epsilon } = bench;
  const random = createRandom(2);
  for (const length of awkwardLengths) {
    const x = vectorOf(workspace, dtype, length, random.normal), y = vectorOf(workspace, dtype, length, random.normal);
    const expected = copyOf(workspace, y), before = copyOf(workspace, y);
    // A scalar that f32 holds exactly: rounding it would be a third error.
    await reference.axpy({ alpha: -1.375, x, y: expected });
    await kernel.axpy({ alpha: -1.375, x, y });
    assert.equal(viewOf(y)[0], viewOf(before)[0], `length ${length}: the element before the first`);
    for (let i = 1; i <= length; i++) {
      const magnitude = Math.abs(1.375 * viewOf(x)[i]) + Math.abs(viewOf(before)[i]);
      const error = Math.abs(viewOf(y)[i] - viewOf(expected)[i]);
      assert.ok(error <= 3 * epsilon * magnitude, `length ${length}, element ${i}`);
    }
  }
});

conformance("nrm2", "is within the error of a sum at any scale", async (bench) => {
  const { dtype, workspace, kernel, reference, epsilon } = bench;
  const random = createRandom(3);
  const scales = dtype === "f32" ? [1, 1e-30, 1e30, 1e-42] : [1, 1e-200, 1e200, 1e-310];
  for (const length of awkwardLengths) {
    for (const scale of scales) {
      const x = vectorOf(workspace, dtype, length, () => scale * random.normal());
      const expected = await reference.nrm2({ x });
      const error = Math.abs(await kernel.nrm2({ x }) - expected);
      assert.ok(
        error <= (20 + (dtype === "f64" ? length : 0)) * epsilon * expected,
        `length ${length}, scale ${scale}`,
      );
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
