import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { divergence, edgesOf, recovery, relativeError } from "../../bench/recovery.ts";
import { extendedBic, normalLoss, standardize } from "../../bench/graph_paths.ts";
import { matrix } from "../../mod.ts";
import { normalScores } from "../../solvers/core/column_transforms.ts";

const close = (value: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(value - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${value}, not ${expected}`);

describe("recovery", () => {
  it("counts as a table of two by two does", () => {
    // 3 right, 1 wrong, 2 missed, 4 rightly rejected.
    const { precision, recall, f1, matthews } = recovery(new Set([1, 2, 3, 6]), new Set([1, 2, 3, 4, 5]), 10);
    close(precision, 3 / 4);
    close(recall, 3 / 5);
    close(f1, 6 / 9);
    close(matthews, (3 * 4 - 1 * 2) / Math.sqrt(4 * 5 * 5 * 6));
  });

  it("is 1 for the truth, -1 for its opposite, 0 for nothing", () => {
    const truth = new Set([0, 2]);
    assert.equal(recovery(truth, truth, 5).matthews, 1);
    assert.equal(recovery(new Set([1, 3, 4]), truth, 5).matthews, -1);
    assert.equal(recovery(new Set(), truth, 5).matthews, 0);
  });

  it("edgesOf counts above the diagonal alone", () => {
    assert.deepEqual([...edgesOf([1, 0, 2, 0, 1, 0, 2, 0, 1], 3)], [2]);
  });
});

describe("distances from the truth", () => {
  it("relativeError is Frobenius's over the truth's", () => {
    close(relativeError(new Float64Array([1, 0, 0, 3]), new Float64Array([1, 0, 0, 1])), 2 / Math.sqrt(2));
  });

  it("divergence is that of normal distributions, in closed form where they are independent", () => {
    const estimate = new Float64Array([2, 0, 0, 0.5]), truth = new Float64Array([1, 0, 0, 1]);
    close(divergence(estimate, truth, 2)!, (2.5 - Math.log(1) - 2) / 2);
    close(divergence(truth, truth, 2)!, 0);
  });

  it("divergence is null where the estimate is no precision matrix", () => {
    assert.equal(divergence(new Float64Array([1, 2, 2, 1]), new Float64Array([1, 0, 0, 1]), 2), null);
    assert.equal(normalLoss(new Float64Array([1, 2, 2, 1]), new Float64Array([1, 0, 0, 1]), 2), Infinity);
  });

  it("extendedBic is n (tr S T - log det T) + E log n + 2 E log p", () => {
    const point = { precision: new Float64Array([2, 1, 1, 2]), edges: new Set([1]), setting: "" };
    const moments = new Float64Array([1, 0.25, 0.25, 1]);
    close(extendedBic(point, moments, 100, 2), 100 * (4.5 - Math.log(3)) + Math.log(100) + 2 * Math.log(2));
  });
});

describe("columns", () => {
  it("standardize gives mean 0 and variance 1, and new rows the same change", () => {
    const table = matrix(3, 1, new Float64Array([1, 2, 6]));
    const own = standardize(table);
    close(Array.from(own.samples.data).reduce((sum, x) => sum + x, 0), 0);
    close(Array.from(own.samples.data).reduce((sum, x) => sum + x * x, 0) / 3, 1);
    close(standardize(matrix(1, 1, new Float64Array([3])), own).samples.data[0], 0);
  });

  it("normalScores puts ranks at quantiles, ties at their mean rank", () => {
    const { data } = normalScores(matrix(39, 1, Float64Array.from({ length: 39 }, (_, i) => Math.exp(i))));
    close(data[0], -1.959963984540054, 1e-12);
    close(data[19], 0);
    close(data[29], 0.674489750196082, 1e-12);
    const [low, tie, other] = normalScores(matrix(3, 1, new Float64Array([1, 5, 5]))).data;
    assert.equal(tie, other);
    close(low, -0.6744897501960817, 1e-12);
    close(tie, 0.318639363964375, 1e-12);
  });

  it("normalScores is right far out in the tail", () => {
    const { data } = normalScores(matrix(99_999, 1, Float64Array.from({ length: 99_999 }, (_, i) => i)));
    close(data[0], -4.264890793922825, 1e-12);
    close(data[99], -3.090232306167813, 1e-12);
  });
});
