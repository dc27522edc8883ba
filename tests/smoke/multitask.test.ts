import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { crossValidateMultiTask, predictMultiTask, sparseMultiTask, sparseMultiTaskPath } from "../../mod.ts";
import { assertSameBits, checkPromises, hashOf, integers } from "./support.ts";

const samples = 40, features = 16, truth = [2, 7, 11];
const tasks = [1, 2, 3].map((k) => {
  const X = integers(samples, features, 10, k), noise = integers(samples, 1, 2, 10 + k);
  const y = Float64Array.from(
    { length: samples },
    (_, i) => truth.reduce((sum, j, m) => sum + (k + m) * X.data[i * features + j], 5 * k + noise.data[i]),
  );
  return { X, y, name: `task ${k}` };
});
const options = { support: 3, ridge: 0.01, supportSharing: 10, standardize: false } as const;

describe("multi-task regression, in short", () => {
  for (const more of [{}, { valueSharing: 0.1 }, { commonSupport: true }, { localSearch: false }]) {
    it(`sparseMultiTask finds the three features of each task, ${JSON.stringify(more)}`, async () => {
      const fit = await sparseMultiTask(tasks, { ...options, ...more });
      for (const support of fit.supports) assert.deepEqual([...support], truth);
      tasks.forEach(({ X, y, name }) =>
        predictMultiTask(fit, X, name).forEach((value, i) => assert.ok(Math.abs(value - y[i]) <= 9))
      );
    });
  }

  it("exact has its certificate, a path its order, and cross-validation chooses the truth", async () => {
    const few = tasks.map(({ X, y }) => ({
      X: { data: X.data.filter((_, at) => at % 16 < 8), shape: [40, 8] } as const,
      y,
    }));
    const fit = await sparseMultiTask(few, { ...options, support: 2, method: "exact" });
    assert.ok(fit.lowerBound! <= fit.objective && fit.gap! <= 0.01);
    const grid = { support: [2, 3], ridge: [0.01], supportSharing: [0, 10] }, seen: number[] = [];
    for await (const point of sparseMultiTaskPath(tasks, { grid })) seen.push(point.support);
    assert.deepEqual(seen, [3, 3, 2, 2]);
    const { fit: chosen } = await crossValidateMultiTask(tasks, { grid, folds: 3 });
    for (const support of chosen.supports) assert.deepEqual([...support], truth);
  });

  it("gives the same bits in every runtime", async () => {
    const { coefficients } = await sparseMultiTask(tasks, options);
    await assertSameBits(hashOf(coefficients.data), { simd: "b92a2f94", relaxed: "b92a2f94" });
  });

  it("keeps what every solver promises", () =>
    checkPromises(
      (solve) => sparseMultiTask(tasks, { ...solve, ...options, support: 8, supportSharing: 1 }),
      ({ coefficients }) => coefficients,
    ));
});
