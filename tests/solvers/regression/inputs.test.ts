import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  DataError,
  matrix,
  OptionError,
  ShapeError,
  sparseMultiTask,
  sparseRegression,
  trainClassifier,
} from "../../../mod.ts";
import { bestSubset } from "./best_subset.ts";
import { simulate, unscaled } from "./data.ts";

describe("sparseRegression, whatever comes,", () => {
  it("takes constant, zero and duplicate columns, one sample and one feature", async () => {
    const X = matrix(4, 4, new Float64Array([1, 2, 2, 0, 1, -1, -1, 0, 1, 3, 3, 0, 1, -4, -4, 0]));
    const y = new Float64Array([2, -1, 3, -4]);
    for (const method of ["coordinate-descent", "local-search", "exact"] as const) {
      const fit = await sparseRegression(X, y, { lambda0: 0.1, lambda2: 0.01, method });
      assert.equal(fit.support.length, 1, "one of two equal columns does");
      assert.ok(fit.coefficients[0] === 0 && fit.coefficients[3] === 0);
      const what = "constant, or varying by rounding alone: nothing follows from them.";
      assert.deepEqual(fit.remarks, [`Columns 0, 3 are ${what}`]);
      const single = await sparseRegression(matrix(1, 1, new Float64Array([2])), [3], {
        ...unscaled,
        lambda0: 0.5,
        lambda2: 1,
        method,
      });
      // x = 2, y = 3: b = 2 * 3 / (4 + 2) = 1, at (3 - 2)^2 / 2 + 0.5 + 1.
      assert.ok(Math.abs(single.coefficients[0] - 1) < 1e-9 && Math.abs(single.objective - 2) < 1e-9);
    }
    const zero = await sparseRegression(X, new Float64Array(4), { lambda0: 1, lambda2: 1, method: "exact" });
    assert.ok(zero.objective === 0 && zero.gap === 0 && zero.support.length === 0);
  });

  it("refuses sparse samples that no memory holds once written out, before it writes them", async () => {
    const rows = 2 ** 20, columns = 2 ** 10, indptr = new Uint32Array(rows + 1).fill(1, 1);
    const X = {
      format: "csr",
      shape: [rows, columns],
      indptr,
      indices: Uint32Array.of(3),
      data: Float64Array.of(1),
    } as const;
    const y = new Float64Array(rows),
      refusal = { name: "MemoryLimitError", message: /"X" of 1048576 x 1024 takes 8589/ };
    await assert.rejects(sparseRegression(X, y, { lambda0: 1 }), refusal);
    await assert.rejects(sparseMultiTask([{ X, y }], { support: 1 }), { name: "MemoryLimitError" });
    await assert.rejects(trainClassifier(X, new Uint32Array(rows), { epochs: 1 }), { name: "MemoryLimitError" });
  });

  it("gives a valid bound when there is no time at all", async () => {
    const { X, y } = simulate(30, 10, 3, 0.5, 1, 1);
    const best = bestSubset(X, y, 1, 0.1, Infinity);
    const fit = await sparseRegression(X, y, {
      ...unscaled,
      lambda0: 1,
      lambda2: 0.1,
      method: "exact",
      gapTolerance: 0,
      timeLimitMs: 0,
    });
    assert.equal(fit.status, "time-limit");
    assert.ok(fit.lowerBound! <= best && best <= fit.objective && Number.isFinite(fit.lowerBound));
  });

  it("rejects with the signal's reason", async () => {
    const { X, y } = simulate(30, 10, 3, 0.5, 1, 1);
    const options = { lambda0: 1, lambda2: 0.1, signal: AbortSignal.abort("enough") };
    await assert.rejects(sparseRegression(X, y, options), (reason) => reason === "enough");
    const controller = new AbortController();
    const onProgress = () => controller.abort("later");
    await assert.rejects(
      sparseRegression(X, y, { lambda0: 1, lambda2: 0.1, signal: controller.signal, onProgress }),
      (reason) => reason === "later",
    );
  });

  it("takes f32 data as it takes f64", async () => {
    const { X, y } = simulate(60, 20, 4, 0.5, 0.5, 12);
    const rounded = matrix(60, 20, Float32Array.from(X.data)), response = Float32Array.from(y);
    const options = { lambda0: 2, lambda2: 0.1, method: "exact", gapTolerance: 0 } as const;
    const single = await sparseRegression(rounded, response, options);
    const same = await sparseRegression(
      matrix(60, 20, Float64Array.from(rounded.data)),
      Float64Array.from(response),
      options,
    );
    assert.deepEqual(single.coefficients, same.coefficients);
    assert.equal(single.objective, same.objective);
  });

  it("reports limits as they are, and keeps valid bounds", async () => {
    const { X, y } = simulate(30, 10, 3, 0.9, 1, 1);
    const best = bestSubset(X, y, 0.5, 0.05, Infinity);
    const options = { ...unscaled, lambda0: 0.5, lambda2: 0.05 };
    const one = await sparseRegression(X, y, { ...options, maxIterations: 1 });
    assert.equal(one.status, "iteration-limit");
    assert.ok(one.objective >= best);
    for (
      const limits of [{ nodeLimit: 1 }, { nodeLimit: 2 }, { nodeLimit: 6, branchingWidth: 4 }, { timeLimitMs: 0 }]
    ) {
      const fit = await sparseRegression(X, y, { ...options, method: "exact", gapTolerance: 0, ...limits });
      assert.equal(fit.status, "nodeLimit" in limits ? "node-limit" : "time-limit");
      assert.ok(fit.lowerBound! <= best * (1 + 1e-12) && best <= fit.objective * (1 + 1e-12) && fit.gap! > 0);
      assert.ok(!("nodeLimit" in limits) || fit.nodes! <= limits.nodeLimit!);
    }
  });

  it("names what is wrong with its input", async () => {
    const X = matrix(2, 2, new Float64Array([1, 2, 3, 4])), y = new Float64Array([1, 2]);
    const options = { lambda0: 1 };
    await assert.rejects(sparseRegression(X, y, {} as typeof options), OptionError);
    await assert.rejects(sparseRegression(X, y, { lambda0: -1 }), OptionError);
    await assert.rejects(sparseRegression(X, y, { lambda0: 1, lambda2: NaN }), OptionError);
    await assert.rejects(sparseRegression(X, y, { lambda0: 1, bigM: 0 }), OptionError);
    await assert.rejects(sparseRegression(X, new Float64Array(3), options), ShapeError);
    await assert.rejects(sparseRegression(matrix(0, 2), new Float64Array(0), options), ShapeError);
    await assert.rejects(sparseRegression(X, new Float64Array([1, NaN]), options), DataError);
    await assert.rejects(sparseRegression(X, [1, Infinity], options), DataError);
    await assert.rejects(sparseRegression(X, ["1", "2"] as unknown as number[], options), TypeError);
  });
});
