/** Tables as people have them: voices and spectra, whose columns are nearly combinations of one another. @module */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Matrix, matrix, parseNpy, sparseRegression, sparseRegressionPath, toMatrix } from "../../../mod.ts";
import { needsData, readData, readDataText } from "../../support/data.ts";
import { regressionKeepsPromises } from "../../support/promises.ts";

const standard = { lambda2: 0, intercept: true, standardize: true } as const;

/** Motor score by age, sex, time and sixteen measures of the voice. */
async function readVoices(): Promise<{ X: Matrix; y: Float64Array }> {
  const lines = (await readDataText("parkinsons/parkinsons_updrs.tsv")).trim().split("\n").slice(1);
  const rows = lines.map((line) => line.split("\t").map(Number));
  const features = [1, 2, 3, ...Array.from({ length: 16 }, (_, k) => 6 + k)];
  const X = matrix(rows.length, features.length, Float64Array.from(rows.flatMap((row) => features.map((j) => row[j]))));
  return { X, y: Float64Array.from(rows, (row) => row[4]) };
}

describe("sparse regression on voices", needsData("parkinsons"), () => {
  it("closes the gap to 1e-3 without ridge, a solve in a fraction of the time of enumeration", async () => {
    const { X, y } = await readVoices();
    for (const lambda0 of [100, 500, 1000, 2000]) {
      const began = performance.now();
      const fit = await sparseRegression(X, y, { lambda0, method: "exact", gapTolerance: 1e-3 });
      assert.ok(fit.status === "converged" && fit.gap! <= 1e-3, `${fit.status} at a gap of ${fit.gap}`);
      assert.ok(performance.now() - began < 4000);
      regressionKeepsPromises(X, y, { ...standard, lambda0 }, fit, `lambda0 ${lambda0}`);
      const found = await sparseRegression(X, y, { lambda0 });
      assert.ok(found.objective <= 1.001 * fit.objective && found.status === "converged");
    }
  });

  it("converges at every point of the path, from none to all of 19 features", async () => {
    const { X, y } = await readVoices(), sizes: number[] = [];
    for await (const point of sparseRegressionPath(X, y)) {
      assert.equal(point.status, "converged");
      regressionKeepsPromises(X, y, { ...standard, lambda0: point.lambda0 }, point, `lambda0 ${point.lambda0}`);
      sizes.push(point.support.length);
    }
    assert.ok(sizes[0] === 0 && sizes[sizes.length - 1] === 19 && sizes.length >= 10, sizes.join());
  });
});

describe("sparse regression on spectra", needsData("samson"), () => {
  it("takes seconds for 1805 spectra of 155 bands, each nearly the next", async () => {
    const { data, shape: [rows, bands] } = toMatrix(parseNpy(await readData("samson/spectra.npy")), "spectra");
    const X = matrix(rows, bands - 1), y = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      X.data.set(data.subarray(i * bands, (i + 1) * bands - 1), i * (bands - 1));
      y[i] = data[(i + 1) * bands - 1];
    }
    for (const lambda0 of [0.01, 0.001, 0.0001]) {
      const began = performance.now(), fit = await sparseRegression(X, y, { lambda0 });
      assert.equal(fit.status, "converged");
      assert.ok(performance.now() - began < 30_000, `${performance.now() - began} ms`);
      regressionKeepsPromises(X, y, { ...standard, lambda0 }, fit, `lambda0 ${lambda0}`);
    }
  });
});
