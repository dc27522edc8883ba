import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { archetypalNmf, archetypalNmfPath, matrix, nmf, projectOntoArchetypes, robustness } from "../../mod.ts";
import { checkPromises, integers } from "./support.ts";

const whole = integers(30, 12, 8, 5), X = matrix(30, 12, whole.data.map((value) => value + 8));

describe("factorisation, in short", () => {
  it("archetypalNmf fits better with more archetypes, and keeps to its budget", async () => {
    const two = await archetypalNmf(X, { rank: 2 }),
      four = await archetypalNmf(X, { rank: 4, nonzeros: 30, lambda: 0.5 });
    assert.ok(four.fit < two.fit && four.nonzeroCount <= 30);
    const weights = await projectOntoArchetypes(X, two.archetypes);
    assert.deepEqual(weights.shape, [30, 2]);
    assert.equal(robustness(two.archetypes, two.archetypes).weak, 0);
  });

  it("archetypal analysis makes archetypes of samples", async () => {
    const { archetypal, gap } = await archetypalNmf(X, { rank: 3, lambda: Infinity, tolerance: 1e-7 });
    assert.ok(archetypal < 1e-18 && gap < 1e-2);
  });

  it("nmf fits better than archetypes, with missing entries too", async () => {
    const plain = await nmf(X, { rank: 3 }), { fit } = await archetypalNmf(X, { rank: 3 });
    assert.ok(plain.objective < fit);
    const weights = X.data.map((_, at) => Number(at % 7 > 0));
    assert.ok((await nmf(X, { rank: 3, weights })).relativeError < 1);
  });

  it("archetypalNmfPath tells of each point", async () => {
    for await (const { validationError } of archetypalNmfPath(X, { ranks: [2, 3] })) assert.ok(validationError! > 0);
  });

  it("gives the same answer in every runtime, but for rounding", async () => {
    const { objective, archetypes } = await archetypalNmf(X, { rank: 3, maxIterations: 5, nonzeros: 20 });
    assert.ok(Math.abs(objective / 6600.633265708206 - 1) < 1e-12, `${objective}`);
    assert.ok(Math.abs(archetypes.data[2] / 16.37119419018237 - 1) < 1e-12, `${archetypes.data[2]}`);
  });

  it("keeps what every solver promises", async () => {
    await checkPromises((solve) => archetypalNmf(X, { ...solve, rank: 3 }), ({ archetypes }) => archetypes.data);
    await checkPromises((solve) => nmf(X, { ...solve, rank: 3 }), ({ components }) => components.data);
  });
});
