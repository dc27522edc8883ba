import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  graphComponents,
  graphEdges,
  isPositiveDefinite,
  logDeterminant,
  matrix,
  nearestPositiveDefinite,
  sparsePrecision,
  sparsePrecisionPath,
  toDense,
} from "../../mod.ts";
import { checkPromises, integers } from "./support.ts";

// A chain 0 - 1 - 2 - 3, and two variables apart.
const count = 200, size = 6;
const samples = (() => {
  const made = integers(count, size, 10, 5);
  for (let i = 0; i < count; i++) for (let j = 1; j < 4; j++) made.data[i * size + j] += made.data[i * size + j - 1];
  return matrix(count, size, made.data.map((value) => value / 8));
})();
const options = { lambda0: 0.1, lambda2: 0.01 } as const;
const chain = [[0, 1], [1, 2], [2, 3]];

describe("sparse graphs, in short", () => {
  for (const method of ["approximate", "exact"] as const) {
    it(`sparsePrecision, ${method}, finds the chain, and all functions of a graph agree on it`, async () => {
      const { precision, edgeCount, ...rest } = await sparsePrecision(samples, { ...options, method });
      assert.deepEqual(graphEdges(precision).map(({ ends }) => [...ends]), chain);
      assert.equal(edgeCount, 3);
      assert.deepEqual([...graphComponents(precision).sizes], [4, 1, 1]);
      assert.ok(isPositiveDefinite(precision) && Number.isFinite(logDeterminant(precision)));
      assert.deepEqual(toDense(nearestPositiveDefinite(precision)).data, toDense(precision).data);
      if (method === "exact") assert.ok(rest.lowerBound! <= rest.objective && rest.gap! <= 0.01);
    });
  }

  it("sparsePrecisionPath adds edges as lambda0 falls, the chain among them", async () => {
    let last = Infinity, passed = false;
    for await (const { lambda0, precision } of sparsePrecisionPath(samples, { lambda2: 0.01, maxEdges: 6 })) {
      assert.ok(lambda0 < last);
      last = lambda0;
      passed ||= graphEdges(precision).map(({ ends }) => ends.join("-")).join() === "0-1,1-2,2-3";
    }
    assert.ok(passed);
  });

  it("keeps what every solver promises", () =>
    checkPromises(
      (solve) => sparsePrecision(samples, { ...options, ...solve, method: "exact" }),
      ({ precision }) => precision,
    ));
});
