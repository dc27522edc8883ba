import assert from "node:assert/strict";
import { createRandom } from "../../solvers/core/random.ts";
import { awkwardLengths, conformance } from "./grid.ts";

conformance("dot", "is within the error of a sum", async ({ dtype, workspace, kernel, reference, epsilon }) => {
  const random = createRandom(1);
  for (const length of awkwardLengths) {
    const x = { array: workspace.allocate(dtype, length + 1, "x"), length, offset: 1 };
    const y = { array: workspace.allocate(dtype, length, "y"), length };
    workspace.write(x.array, Array.from({ length: length + 1 }, random.normal));
    workspace.write(y.array, Array.from({ length }, random.normal));
    const expected = await reference.dot({ x, y });
    assert.ok(Math.abs(await kernel.dot({ x, y }) - expected) <= 4 * length * epsilon * length, `length ${length}`);
  }
});
