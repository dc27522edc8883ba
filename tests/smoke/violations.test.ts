import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { completeQuantized, completeViolations, foldIn, matrix, observedEntries } from "../../mod.ts";
import { checkPromises, integers } from "./support.ts";

// Products of whole numbers, cut into six levels; two of seven entries are missing.
const rows = 40, columns = 30, left = integers(rows, 2, 3, 7), right = integers(columns, 2, 3, 8);
const whole = Float64Array.from({ length: rows * columns }, (_, k) => {
  const i = Math.floor(k / columns), j = k % columns;
  return left.data[2 * i] * right.data[2 * j] + left.data[2 * i + 1] * right.data[2 * j + 1];
});
const boundaries = [-6.5, -3.5, -0.5, 2.5, 5.5], truth = whole.map((x) => boundaries.filter((b) => x > b).length);
const observed = observedEntries(matrix(rows, columns, truth.map((level, k) => k % 7 < 2 ? NaN : level)));
const options = { boundaries, holdout: 0 };

describe("completion by violations, in short", () => {
  it("completeViolations keeps to the bins and predicts most missing levels, of new rows by foldIn too", async () => {
    const fit = await completeViolations(observed, options);
    assert.ok(fit.largestViolation < 0.05 && fit.rank <= 4, `${fit.largestViolation}, rank ${fit.rank}`);
    const missing = Array.from(truth.keys()).filter((k) => k % 7 < 2);
    const places = [missing.map((k) => Math.floor(k / columns)), missing.map((k) => k % columns)] as const;
    for (const { predict } of [fit, await foldIn(fit, observed)]) {
      const { levels } = predict(...places), right = missing.filter((k, at) => levels[at] === truth[k]).length;
      assert.ok(right > 0.6 * missing.length, `${right} of ${missing.length}`);
    }
  });

  it("foldIn places a row of a quantized completion where the fit has it", async () => {
    const fit = await completeQuantized(observed, { lambda: 2, boundaries, tolerance: 1e-8 });
    const folded = await foldIn(fit, observed), { latent } = folded.predict([3, 9], [1, 2]);
    fit.predict([3, 9], [1, 2]).latent.forEach((x, k) =>
      assert.ok(Math.abs(x - latent[k]) < 0.02, `${x}, ${latent[k]}`)
    );
  });

  it("keeps what every solver promises", () =>
    checkPromises(
      (solve) => completeViolations(observed, { ...options, maxIterations: 40, ...solve }),
      ({ left, right }) => [left.data, right.data],
    ));
});
