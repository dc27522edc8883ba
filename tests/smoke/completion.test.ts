import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { completeMatrix, completeMatrixPath, foldIn, updateCompletion } from "../../mod.ts";
import { checkPromises, integers } from "./support.ts";

const rows = 40, columns = 30, left = integers(rows, 2, 3, 1), right = integers(columns, 2, 3, 2);
const picks = integers(rows, columns, 4, 3).data;
const valueAt = (i: number, j: number) =>
  [0, 1].reduce((sum, k) => sum + left.data[2 * i + k] * right.data[2 * j + k], 0);
const seen = Array.from(picks.keys()).filter((at) => picks[at] > -1);
const observed = {
  shape: [rows, columns] as const,
  rows: seen.map((at) => Math.floor(at / columns)),
  columns: seen.map((at) => at % columns),
  values: seen.map((at) => valueAt(Math.floor(at / columns), at % columns)),
};
const hidden = Array.from(picks.keys()).filter((at) => picks[at] <= -1);

describe("matrix completion, in short", () => {
  for (const method of ["srf", "soft-impute"] as const) {
    it(`completeMatrix by ${method} finds what was not observed`, async () => {
      const fit = await completeMatrix(observed, { method, offsets: false });
      const places = [hidden.map((at) => Math.floor(at / columns)), hidden.map((at) => at % columns)] as const;
      const found = fit.predict(...places);
      const off = Math.max(...found.map((value, k) => Math.abs(value - valueAt(places[0][k], places[1][k]))));
      assert.ok(off < (method === "srf" ? 0.05 : 3), `${off}`);
      assert.ok(Number.isFinite(fit.objective) && fit.holdout!.error <= fit.holdout!.baseline);
    });
  }

  it("completeMatrixPath, foldIn and updateCompletion go on from there", async () => {
    let points = 0;
    for await (const { rank } of completeMatrixPath(observed, { holdout: 0, count: 3 })) points += Number(rank >= 0);
    assert.equal(points, 3);
    const fit = await completeMatrix(observed, { holdout: 0 });
    const row = {
      shape: [1, columns] as const,
      rows: [0, 0, 0],
      columns: [0, 1, 2],
      values: [0, 1, 2].map((j) => valueAt(5, j)),
    };
    assert.ok(Math.abs((await foldIn(fit, row)).predict([0], [3])[0] - valueAt(5, 3)) < 0.1);
    assert.equal((await updateCompletion(fit, observed)).rank, 2);
  });

  it("keeps what every solver promises", () =>
    checkPromises(
      (solve) => completeMatrix(observed, { holdout: 0, maxIterations: 40, ...solve }),
      ({ left, right }) => [left.data, right.data],
    ));
});
