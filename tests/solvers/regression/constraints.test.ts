/** What users ask of a regression besides the price: sizes, bounds, features, weights, starts, sparse samples, any scale. @module */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DataError, type Matrix, matrix, OptionError, predictRegression, sparseRegression } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { leastBySubsets, regressionKeepsPromises } from "../../support/promises.ts";
import { simulate } from "./data.ts";

const standard = { intercept: true, standardize: true } as const;

function near(received: number, expected: number, what = "", accuracy = 1e-9): void {
  assert.ok(
    Math.abs(received - expected) <= accuracy * (1 + Math.abs(expected)),
    `${what}: ${received}, not ${expected}`,
  );
}

/** A column multiplied and shifted. */
function changed({ data, shape }: Matrix, column: number, change: (value: number) => number): Matrix {
  return matrix(
    shape[0],
    shape[1],
    Float64Array.from(data, (value, k) => k % shape[1] === column ? change(value) : value),
  );
}

describe("sparseRegression by size", () => {
  it("finds the best subset of every size, proves it, and takes exactly one of size and lambda0", async () => {
    for (let seed = 0; seed < 6; seed++) {
      const { X, y } = simulate(40, 9, 3, 0.8, 1, seed);
      for (let size = 0; size <= 9; size++) {
        const question = { ...standard, size, lambda2: seed % 2 ? 0.5 : 0 };
        for (const method of ["auto", "exact"] as const) {
          const fit = await sparseRegression(X, y, { ...question, method, gapTolerance: 1e-9 });
          const problem = regressionKeepsPromises(X, y, question, fit, `${method} of size ${size}`);
          near(fit.objective, leastBySubsets(problem, question), `${method} of size ${size}`);
          assert.equal(fit.status, "converged");
        }
      }
    }
    const { X, y } = simulate(20, 3, 1, 0, 1, 1);
    await assert.rejects(sparseRegression(X, y, { size: 1, lambda0: 1 }), (e: OptionError) => e.argument === "size");
    await assert.rejects(sparseRegression(X, y, {}), (e: OptionError) => e.argument === "lambda0");
    await assert.rejects(
      sparseRegression(X, y, { size: 1, always: [0, 1] }),
      (e: OptionError) => e.argument === "size",
    );
  });

  it("has no more features than that, from a start with more of them too", async () => {
    const { X, y } = simulate(40, 9, 3, 0.8, 1, 1), initial = new Float64Array(9).fill(1);
    for (const method of ["auto", "local-search", "coordinate-descent", "exact"] as const) {
      for (const limits of [{ size: 0 }, { size: 3 }, { size: 2, always: [0, 8] }, { size: 2, upper: 1 }]) {
        const question = { ...standard, ...limits, lambda2: 1 }, what = `${method}, ${JSON.stringify(limits)}`;
        const fit = await sparseRegression(X, y, { ...question, method, initial, gapTolerance: 1e-9 });
        const problem = regressionKeepsPromises(X, y, question, fit, what);
        if (method === "exact" && !limits.upper) near(fit.objective, leastBySubsets(problem, question), what);
      }
    }
  });
});

describe("sparseRegression with features that are always in", () => {
  it("closes the gap at a price that no other feature is worth", async () => {
    const { X, y } = simulate(30, 5, 2, 0.7, 1, 3), always = [0, 1];
    for (const lambda0 of [1e6, 1e12, 1e100]) {
      const question = { ...standard, lambda0, lambda2: 1, always, bigM: 50 };
      const fit = await sparseRegression(X, y, { ...question, method: "exact", gapTolerance: 1e-9 });
      assert.deepEqual([fit.status, ...fit.support], ["converged", 0, 1], `${lambda0}: a gap of ${fit.gap}`);
    }
  });

  it("prices the others only", async () => {
    for (let seed = 0; seed < 8; seed++) {
      const { X, y } = simulate(30, 7, 2, 0.7, 1, seed), always = [1, 6];
      for (const lambda2 of [0, 0.3]) {
        for (const bigM of [Infinity, 50]) {
          const question = { ...standard, lambda0: 2, lambda2, always };
          const fit = await sparseRegression(X, y, { ...question, bigM, method: "exact", gapTolerance: 1e-8 });
          const problem = regressionKeepsPromises(X, y, question, fit, `seed ${seed}`);
          near(fit.objective, leastBySubsets(problem, question), `seed ${seed}, bigM ${bigM}`, 1e-7);
          assert.ok(always.every((j) => fit.support.includes(j)) && fit.status === "converged");
        }
      }
    }
    const { X, y } = simulate(20, 3, 1, 0, 1, 1);
    await assert.rejects(
      sparseRegression(X, y, { lambda0: 1, always: [3] }),
      (e: OptionError) => e.argument === "always",
    );
  });
});

describe("sparseRegression with bounds", () => {
  /** The least objective over all supports, each by projected coordinate descent to rounding. */
  function leastWithin(X: Matrix, y: Float64Array, lambda0: number, lower: Float64Array, upper: Float64Array): number {
    const [rows, features] = X.shape;
    let best = Infinity;
    for (let support = 0; support < 2 ** features; support++) {
      const b = new Float64Array(features), residual = y.slice();
      for (let sweep = 0, change = 1; sweep < 20_000 && change > 1e-14; sweep++) {
        change = 0;
        for (let j = 0; j < features; j++) {
          if (!(support >> j & 1)) continue;
          let norm = 0, derivative = 0;
          for (let i = 0; i < rows; i++) {
            norm += X.data[i * features + j] ** 2;
            derivative += X.data[i * features + j] * residual[i];
          }
          const next = Math.min(Math.max(b[j] + derivative / norm, lower[j]), upper[j]), delta = next - b[j];
          for (let i = 0; i < rows; i++) residual[i] -= delta * X.data[i * features + j];
          b[j] = next;
          change = Math.max(change, Math.abs(delta));
        }
      }
      const count = b.reduce((sum, value) => sum + Number(value !== 0), 0);
      best = Math.min(best, lambda0 * count + residual.reduce((sum, value) => sum + value * value, 0) / 2);
    }
    return best;
  }

  it("keeps them in every method, and finds the best within them", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const { X, y } = simulate(25, 6, 3, 0.6, 1, seed), random = createRandom(seed);
      const lower = seed % 3 === 0
        ? new Float64Array(6)
        : Float64Array.from({ length: 6 }, () => -0.5 * random.uniform());
      const upper = seed % 3 === 1 ? new Float64Array(6).fill(1e100) : Float64Array.from({ length: 6 }, random.uniform);
      const best = leastWithin(X, y, 0.7, lower, upper);
      for (const method of ["coordinate-descent", "local-search", "auto", "exact"] as const) {
        const options = { lambda0: 0.7, intercept: false, standardize: seed % 2 === 0, lower, upper, method };
        const fit = await sparseRegression(X, y, { ...options, gapTolerance: 1e-8 });
        fit.coefficients.forEach((value, j) => {
          assert.ok(value >= lower[j] * (1 + 1e-12) && value <= upper[j] * (1 + 1e-12), `${method}: ${value}`);
        });
        assert.ok(fit.objective >= best * (1 - 1e-9), `${method}: ${fit.objective} below ${best}`);
        if (method === "auto" || method === "exact") near(fit.objective, best, `${method}, seed ${seed}`, 1e-7);
      }
    }
  });

  it("takes one number for all, and names a vector of the wrong length", async () => {
    const { X, y } = simulate(50, 8, 4, 0.3, 1, 2);
    const fit = await sparseRegression(X, y.map((value) => -value), { lambda0: 0.1, lower: 0 });
    assert.ok(fit.coefficients.every((value) => value >= 0));
    const free = await sparseRegression(X, y, { lambda0: 0.1, lower: -1e100, upper: 1e100 });
    assert.equal(free.objective, (await sparseRegression(X, y, { lambda0: 0.1 })).objective);
    await assert.rejects(
      sparseRegression(X, y, { lambda0: 1, upper: [1, 2] }),
      (error: OptionError) => error instanceof OptionError && /8, one a feature, received 2/.test(error.message),
    );
    await assert.rejects(
      sparseRegression(X, y, { lambda0: 1, lower: 0.1 }),
      (e: OptionError) => e.argument === "lower",
    );
  });
});

describe("sparseRegression with weights", () => {
  it("counts a row of weight 2 as two rows", async () => {
    const { X, y } = simulate(30, 6, 2, 0.5, 1, 7), weights = Float64Array.from({ length: 30 }, (_, i) => i % 4);
    const rows = [...weights.keys()].flatMap((i) => new Array<number>(weights[i]).fill(i));
    const repeated = matrix(
      rows.length,
      6,
      Float64Array.from(rows.flatMap((i) => [...X.data.subarray(i * 6, i * 6 + 6)])),
    );
    const response = Float64Array.from(rows, (i) => y[i]);
    for (const intercept of [true, false]) {
      for (const standardize of [true, false]) {
        for (const method of ["local-search", "exact"] as const) {
          const options = { lambda0: 1, lambda2: 0.2, intercept, standardize, method };
          const weighted = await sparseRegression(X, y, { ...options, weights });
          const plain = await sparseRegression(repeated, response, options);
          near(weighted.objective, plain.objective);
          near(weighted.intercept, plain.intercept);
          weighted.coefficients.forEach((value, j) => near(value, plain.coefficients[j]));
        }
      }
    }
    await assert.rejects(
      sparseRegression(X, y, { lambda0: 1, weights: [1] }),
      (e: OptionError) => e.argument === "weights",
    );
    const nothing = new Float64Array(30);
    await assert.rejects(sparseRegression(X, y, { lambda0: 1, weights: nothing }), /expected one above 0/);
  });
});

describe("sparseRegression from other data", () => {
  it("takes sparse samples in either format", async () => {
    const random = createRandom(3), rows = 30, columns = 8;
    const dense = matrix(
      rows,
      columns,
      Float64Array.from({ length: rows * columns }, () => {
        const value = random.normal();
        return random.uniform() < 0.4 ? value : 0;
      }),
    );
    const y = Float64Array.from({ length: rows }, (_, i) => 2 * dense.data[i * columns + 1] + 0.1 * random.normal());
    const compress = (format: "csr" | "csc") => {
      const [lines, width] = format === "csr" ? [rows, columns] : [columns, rows];
      const indptr = [0], indices: number[] = [], data: number[] = [];
      for (let line = 0; line < lines; line++) {
        for (let at = 0; at < width; at++) {
          const value = format === "csr" ? dense.data[line * columns + at] : dense.data[at * columns + line];
          if (value === 0) continue;
          indices.push(at);
          data.push(value);
        }
        indptr.push(indices.length);
      }
      const shape: [number, number] = [rows, columns];
      const parts = {
        indptr: Uint32Array.from(indptr),
        indices: Uint32Array.from(indices),
        data: Float64Array.from(data),
      };
      return { format, shape, ...parts };
    };
    const expected = await sparseRegression(dense, y, { lambda0: 0.5 });
    for (const format of ["csr", "csc"] as const) {
      const sparse = compress(format), fit = await sparseRegression(sparse, y, { lambda0: 0.5 });
      assert.deepEqual(fit.coefficients, expected.coefficients);
      assert.deepEqual(predictRegression(fit, sparse), predictRegression(expected, dense));
    }
  });

  it("starts where it is told", async () => {
    const { X, y, truth } = simulate(60, 30, 4, 0.95, 1, 8);
    const options = { lambda0: 3, method: "coordinate-descent" } as const;
    const cold = await sparseRegression(X, y, options),
      warm = await sparseRegression(X, y, { ...options, initial: truth });
    const best = await sparseRegression(X, y, { lambda0: 3 });
    assert.ok(warm.objective <= cold.objective && best.objective <= warm.objective * (1 + 1e-12));
    assert.notDeepEqual(warm.support, cold.support);
    await assert.rejects(
      sparseRegression(X, y, { ...options, initial: [1] }),
      (e: OptionError) => e.argument === "initial",
    );
  });

  it("does not depend on units, however large or small", async () => {
    const { X, y } = simulate(40, 6, 2, 0.3, 1, 9), options = { lambda0: 1, lambda2: 0.2 };
    const plain = await sparseRegression(X, y, options);
    for (const unit of [1e40, 1e-40, 1e49]) {
      const fit = await sparseRegression(X, y.map((value) => value * unit), { ...options, lambda0: unit * unit });
      near(fit.objective / unit / unit, plain.objective, `y of ${unit}`);
      assert.deepEqual([fit.support, fit.status], [plain.support, plain.status]);
    }
    for (const unit of [1e-80, 1e80]) {
      const scaled = changed(X, 0, (value) => value * unit);
      const fit = await sparseRegression(scaled, y, { ...options, method: "exact" });
      near(fit.objective, plain.objective, `a column of ${unit}`);
      near(fit.coefficients[0] * unit, plain.coefficients[0]);
      // Without ridge and bound no price sees the scale.
      const bare = await sparseRegression(scaled, y, { lambda0: 1, standardize: false, method: "exact" });
      near(bare.objective, (await sparseRegression(X, y, { lambda0: 1, method: "exact" })).objective);
    }
    for (const unit of [1e-200, 1e200]) {
      const wildResponse = sparseRegression(X, y.map((value) => value * unit), options);
      await assert.rejects(wildResponse, (error: DataError) => error instanceof DataError && error.argument === "y");
      const wild = sparseRegression(changed(X, 3, (value) => value * unit), y, options);
      await assert.rejects(
        wild,
        (error: DataError) => error instanceof DataError && /column 3 of "X"/.test(error.message),
      );
    }
  });

  it("sees what a column varies about a large mean, and says which columns are constant", async () => {
    const { X, y } = simulate(40, 4, 1, 0, 0.5, 10);
    const response = Float64Array.from(y, (_, i) => 3 * X.data[i * 4] + 0.1 * y[i]);
    // Rounded to what the shifted column can hold.
    const whole = changed(X, 0, (value) => Math.round(100 * value)),
      shifted = changed(whole, 0, (value) => 1.6e12 + value);
    const plain = await sparseRegression(whole, response, { lambda0: 1 });
    const fit = await sparseRegression(shifted, response, { lambda0: 1 });
    assert.ok(fit.support.includes(0) && fit.remarks.length === 0);
    near(fit.objective, plain.objective);
    near(fit.coefficients[0], plain.coefficients[0]);
    const constant = changed(changed(X, 1, () => 0.1), 2, () => 0);
    for (const method of ["exact", "auto"] as const) {
      const answer = await sparseRegression(constant, response, { lambda0: 1, method });
      assert.equal(answer.status, "converged");
      assert.match(answer.remarks.join(), /Columns 1, 2 are constant/);
    }
  });
});
