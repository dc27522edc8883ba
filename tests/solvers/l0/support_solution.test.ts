import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { solveSupport } from "../../../solvers/l0/support_solution.ts";

describe("solveSupport", () => {
  it("refines the independent columns where dependent ones stand before them", async () => {
    // A zero column first, then more columns than samples.
    const columns = [[0, 0, 0], [1, 2, -3], [2, -1, -1], [3, 1, -4]].map((column) => Float64Array.from(column));
    const response = Float64Array.from([4, 3, -7]), lower = new Float64Array(4).fill(-Infinity);
    const data = { columns, response, lambda2: 0, lower, upper: lower.map((bound) => -bound) };
    const { coefficients, loss, dependent } = await solveSupport(data, () => Promise.resolve(false));
    assert.deepEqual(dependent, [0, 3]);
    assert.equal(coefficients[0], 0);
    assert.ok(loss <= 1e-28, `${loss}`);
    columns[0].forEach((_, i) => {
      const fitted = columns.reduce((sum, column, k) => sum + column[i] * coefficients[k], 0);
      assert.ok(Math.abs(fitted - response[i]) <= 1e-13);
    });
  });
});
