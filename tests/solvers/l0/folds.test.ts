import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crossValidateMultiTask, crossValidateRegression, DataError, fromRows, OptionError } from "../../../mod.ts";
import { drawFolds } from "../../../solvers/l0/folds.ts";

const X = fromRows([[1], [2], [4], [3]]), y = [1, 2, 4, 3.1];

describe("folds", () => {
  it("are five where none are asked for, or one a sample where there are fewer", async () => {
    const sizes = (samples: number, groups?: Uint32Array) => drawFolds(samples, { repeats: 1, seed: 0, groups }).length;
    assert.deepEqual([2, 4, 5, 100].map((samples) => sizes(samples)), [2, 4, 5, 5]);
    assert.equal(sizes(6, Uint32Array.of(0, 0, 1, 1, 2, 2)), 3);
    assert.equal((await crossValidateRegression(X, y)).fit.support.length, 1);
    assert.equal((await crossValidateMultiTask([{ X, y }, { X, y }])).fit.supports.length, 2);
  });

  it("are refused where there are more than samples, or one sample alone", async () => {
    await assert.rejects(crossValidateRegression(X, y, { folds: 5 }), OptionError);
    await assert.rejects(crossValidateMultiTask([{ X, y }], { folds: 5 }), OptionError);
    const one = fromRows([[1]]), single = { name: "DataError", message: /expected two samples .*at least, received 1/ };
    await assert.rejects(crossValidateRegression(one, [1]), single);
    await assert.rejects(crossValidateMultiTask([{ X: one, y: [1] }]), DataError);
  });
});
