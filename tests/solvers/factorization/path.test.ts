import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { archetypalNmfPath, type ArchetypalPathPoint, OptionError } from "../../../mod.ts";
import { archetypalSamples } from "./data.ts";

describe("archetypalNmfPath", () => {
  it("goes over ranks and prices; errors on held-out samples fall to the true rank, and there starts agree", async () => {
    const { X } = archetypalSamples([120, 20, 3], 0.02), points: ArchetypalPathPoint[] = [];
    const options = { ranks: [2, 3, 4], lambdas: [0.5, 2], stabilityStarts: 2, tolerance: 1e-6 };
    for await (const point of archetypalNmfPath(X, options)) points.push(point);
    assert.deepEqual(points.map(({ rank, lambda }) => [rank, lambda]), [[2, 2], [2, 0.5], [3, 2], [3, 0.5], [4, 2], [
      4,
      0.5,
    ]]);
    const [two, three, four] = [0, 2, 4].map((at) => points[at]);
    assert.ok(two.validationError! > 5 * three.validationError!, "two are too few");
    assert.ok(four.validationError! > three.validationError! / 2, "four are hardly better");
    assert.ok(three.instability! < four.instability!, `${three.instability}, ${four.instability}`);
    assert.equal(three.weights.shape[0], 96);
  });

  it("leaves out the validation where nothing is held out, and refuses ranks that are none", async () => {
    const { X } = archetypalSamples([12, 5, 2], 0.1);
    for await (const point of archetypalNmfPath(X, { ranks: [2], holdout: 0, density: 0.5 })) {
      assert.equal(point.validationError, undefined);
      assert.ok(point.nonzeroCount <= 5);
    }
    await assert.rejects(archetypalNmfPath(X, { ranks: [1.5] }).next(), OptionError);
    await assert.rejects(archetypalNmfPath(X, { ranks: [13] }).next(), OptionError);
  });
});
