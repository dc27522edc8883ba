import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  chooseQuantized,
  completeQuantized,
  completeQuantizedPath,
  matrix,
  observedEntries,
  predictQuantized,
} from "../../mod.ts";
import { checkPromises, integers } from "./support.ts";

// Products of whole numbers, cut into three levels; every seventh entry is missing.
const rows = 30, columns = 20, left = integers(rows, 2, 3, 7), right = integers(columns, 2, 3, 8);
const truth = Float64Array.from({ length: rows * columns }, (_, k) => {
  const i = Math.floor(k / columns), j = k % columns;
  const x = left.data[2 * i] * right.data[2 * j] + left.data[2 * i + 1] * right.data[2 * j + 1];
  return x < -2 ? 0 : x > 2 ? 2 : 1;
});
const observed = observedEntries(matrix(rows, columns, truth.map((level, k) => k % 7 === 3 ? NaN : level)));
const options = { lambda: 1, boundaries: [-2, 2], offsetPenalty: 0.5 } as const;

describe("quantized completion, in short", () => {
  for (const method of ["proximal-gradient", "alternating", "alm"] as const) {
    it(`completeQuantized by ${method} predicts most missing levels, with a certificate`, async () => {
      const fit = await completeQuantized(observed, { ...options, method, tolerance: 1e-5 });
      assert.ok(fit.certified && fit.proved && fit.lowerBound <= fit.objective, `${fit.status} at ${fit.gap}`);
      const missing = Array.from(truth.keys()).filter((k) => k % 7 === 3);
      const places = [missing.map((k) => Math.floor(k / columns)), missing.map((k) => k % columns)] as const;
      const { levels } = fit.predict(...places);
      assert.deepEqual(predictQuantized(fit, ...places).levels, levels);
      const right = missing.filter((k, at) => levels[at] === truth[k]).length;
      assert.ok(right > 0.7 * missing.length, `${right} of ${missing.length}`);
    });
  }

  it("completeQuantizedPath and chooseQuantized follow the price down to a choice", async () => {
    let last = Infinity;
    const path = { boundaries: [-2, 2], count: 3, lambdaDecay: 0.5, tolerance: 1e-3 };
    for await (const { lambda, objective } of completeQuantizedPath(observed, path)) {
      assert.ok(lambda > 0 && objective < last);
      last = objective;
    }
    const { holdout } = await chooseQuantized(observed, path);
    assert.ok(holdout.best > 0 && holdout.losses[holdout.best] < holdout.losses[0]);
  });

  it("keeps what every solver promises", () =>
    checkPromises(
      (solve) => completeQuantized(observed, { ...solve, ...options, method: "alternating", tolerance: 1e-4 }),
      ({ left, rowOffsets, objective }) => ({ left, rowOffsets, objective }),
    ));
});
