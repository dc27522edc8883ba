import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  crossValidateRegression,
  informationCriteria,
  predictRegression,
  sparseRegression,
  sparseRegressionPath,
} from "../../mod.ts";
import { assertSameBits, checkPromises, hashOf, integers } from "./support.ts";

const samples = 80, features = 20, truth = [2, 7, 11];
const X = integers(samples, features, 10, 3), noise = integers(samples, 1, 2, 4);
const y = Float64Array.from(
  { length: samples },
  (_, i) => truth.reduce((sum, j, k) => sum + (k + 1) * X.data[i * features + j], 5 + noise.data[i]),
);
const options = { lambda0: 20, lambda2: 0.1, intercept: true, standardize: false } as const;

describe("sparse regression, in short", () => {
  for (const method of ["coordinate-descent", "local-search", "exact"] as const) {
    it(`sparseRegression by ${method} finds the three features, and predictRegression the response`, async () => {
      const fit = await sparseRegression(X, y, { ...options, method });
      assert.deepEqual([...fit.support], truth);
      predictRegression(fit, X).forEach((value, i) => assert.ok(Math.abs(value - y[i]) <= 6));
      if (method === "exact") assert.ok(fit.lowerBound! <= fit.objective && fit.gap! <= 0.01);
    });
  }

  it("sparseRegressionPath goes from the largest lambda0 down and passes the truth; its criteria are finite", async () => {
    let last = Infinity, passed = false;
    for await (const point of sparseRegressionPath(X, y, { lambda2: 0.1, maxSupport: 5 })) {
      assert.ok(point.lambda0 < last);
      last = point.lambda0;
      passed ||= [...point.support].join() === truth.join();
      const predicted = predictRegression(point, X);
      assert.ok(Object.values(informationCriteria(point, X, y)).every(Number.isFinite) && predicted.length === samples);
    }
    assert.ok(passed);
  });

  it("crossValidateRegression chooses a model that holds the truth", async () => {
    const { fit } = await crossValidateRegression(X, y, { lambda2: 0.1, maxSupport: 5, folds: 4 });
    assert.ok(truth.every((j) => fit.support.includes(j)));
  });

  it("gives the same bits in every runtime", async () => {
    const { coefficients } = await sparseRegression(X, y, { ...options, method: "local-search" });
    await assertSameBits(hashOf(coefficients), { simd: "c0faa749", relaxed: "c0faa749" });
  });

  it("keeps what every solver promises", () =>
    checkPromises(
      (solve) => sparseRegression(X, y, { ...solve, ...options, lambda0: 5, method: "exact" }),
      ({ coefficients }) => coefficients,
    ));
});
