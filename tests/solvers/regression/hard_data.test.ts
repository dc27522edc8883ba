/** Tables on which descents crawl, relaxations say nothing, and one start is not enough. @module */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Matrix, matrix, sparseRegression, sparseRegressionPath } from "../../../mod.ts";
import { createRandom, type Random } from "../../../solvers/core/random.ts";
import { cancellingIntegers, lossOfIntegers } from "../../support/integers.ts";
import { leastBySubsets, regressionKeepsPromises, scaledProblem } from "../../support/promises.ts";
import { simulate, unscaled } from "./data.ts";

const standard = { intercept: true, standardize: true } as const;

/** Two columns that differ by a share `e` in turn, and a response that only their difference explains. */
function nearlyEqual(e: number): { X: Matrix; y: Float64Array } {
  const sign = (i: number) => i % 2 ? -1 : 1;
  const X = matrix(8, 2, Float64Array.from({ length: 16 }, (_, k) => (k >> 1) + 1 + (k & 1 ? e * sign(k >> 1) : 0)));
  return { X, y: Float64Array.from({ length: 8 }, (_, i) => sign(i)) };
}

/** Rows of an autoregressive process that hardly moves, and zeros for a response. */
function nearlyCollinear(rows: number, columns: number, correlation: number) {
  const random = createRandom(columns), X = matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    random.normal();
    for (let j = 0, value = random.normal(); j < columns; j++) {
      X.data[i * columns + j] = value;
      value = correlation * value + Math.sqrt(1 - correlation ** 2) * random.normal();
    }
  }
  return { X, y: new Float64Array(rows), random };
}

describe("sparseRegression on hard data", () => {
  it("closes the gap where two columns hardly differ", async () => {
    for (const e of [0.1, 0.01, 0.001, 1e-5]) {
      const { X, y } = nearlyEqual(e);
      for (const lambda2 of [0, 1e-6, 1e-3]) {
        for (const setting of [unscaled, standard]) {
          const question = { ...setting, lambda0: 0.1, lambda2 };
          const fit = await sparseRegression(X, y, { ...question, method: "exact" });
          const least = leastBySubsets(regressionKeepsPromises(X, y, question, fit, `e = ${e}`), question);
          assert.equal(fit.status, "converged", `e = ${e}, lambda2 = ${lambda2}`);
          assert.ok(
            fit.objective <= 1.0101 * least && fit.lowerBound! <= least * (1 + 1e-9),
            `${fit.objective} ${least}`,
          );
        }
      }
      // (X_1 - X_0) / e is the response itself.
      const pair = await sparseRegression(X, y, { lambda0: 0.1, method: "exact" });
      assert.ok(Math.abs(pair.objective - 0.2) < 1e-7 && pair.support.join() === "0,1");
    }
  });

  it("has no bound above the optimum where rounding tells a column from a sum of others", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = createRandom(seed), rows = 12, e = [1e-8, 1e-10, 1e-12][seed % 3];
      const places = [0, 1, 2, 3].map((k) => ({ k, at: random.uniform() })).sort((a, b) => a.at - b.at);
      const X = matrix(rows, 4), y = new Float64Array(rows);
      for (let i = 0; i < rows; i++) {
        const [a, u, c] = [random.normal(), random.normal(), random.normal()], near = a + e * u;
        // The sum of all is one of `a`, `c` and the difference of the two that hardly differ, or of rounding.
        const columns = [a, a + (near - a) / e + c, c, near];
        places.forEach(({ k }, j) => X.data[i * 4 + j] = columns[k]);
        y[i] = 0.5 * random.normal() + a + 2 * u;
      }
      const question = { lambda0: 1e-6, lambda2: 0, intercept: false, standardize: seed % 2 === 0 };
      const fit = await sparseRegression(X, y, { ...question, method: "exact", gapTolerance: 1e-12 });
      const least = leastBySubsets(scaledProblem(X, y, question), question);
      assert.ok(fit.lowerBound! <= least * (1 + 1e-12), `seed ${seed}: the bound ${fit.lowerBound} is above ${least}`);
    }
  });

  it("gives the least-squares coefficients of years and their squares", async () => {
    const years = Array.from({ length: 31 }, (_, i) => 1990 + i);
    const X = matrix(31, 2, Float64Array.from({ length: 62 }, (_, k) => years[k >> 1] ** (1 + (k & 1))));
    const y = Float64Array.from(years, (year) => 0.02 * (year - 2003) ** 2 + Math.sin(7 * year));
    // About the middle the two columns are all but orthogonal: the same parabola, by its normal equations.
    const t = years.map((year) => year - 2005), q = t.map((value) => value * value - 80);
    const project = (v: number[]) =>
      v.reduce((sum, x, i) => sum + x * y[i], 0) ** 2 / v.reduce((sum, x) => sum + x * x, 0);
    const mean = y.reduce((sum, value) => sum + value, 0) / 31;
    const loss = (y.reduce((sum, value) => sum + (value - mean) ** 2, 0) - project(t) - project(q)) / 2;
    for (const method of ["auto", "local-search", "coordinate-descent", "exact"] as const) {
      for (const standardize of [true, false]) {
        const question = { lambda0: 0.1, lambda2: 0, intercept: true, standardize };
        const fit = await sparseRegression(X, y, { ...question, method });
        regressionKeepsPromises(X, y, question, fit, method);
        if (method === "coordinate-descent") continue;
        assert.ok(
          Math.abs(fit.objective - 0.2 - loss) <= 1e-8 * loss,
          `${method}: ${fit.objective - 0.2}, not ${loss}`,
        );
      }
    }
  });

  it("leaves out what depends on the rest of the support, and says so of what must stay", async () => {
    const { X, y } = simulate(30, 4, 2, 0, 0.1, 3), features = 5;
    const wide = matrix(
      30,
      features,
      Float64Array.from({ length: 30 * features }, (_, k) => {
        const i = Math.floor(k / features), j = k % features;
        return j < 4 ? X.data[i * 4 + j] : X.data[i * 4] + X.data[i * 4 + 2];
      }),
    );
    const fit = await sparseRegression(wide, y, { lambda0: 1e-9, lambda2: 0 });
    assert.equal(fit.support.length, 4);
    const forced = await sparseRegression(wide, y, { lambda0: 1e-9, always: [0, 1, 2, 3, 4] });
    assert.equal(forced.support.length, 5);
    assert.match(forced.remarks.join(), /no full rank/);
    assert.ok(Math.abs(forced.objective + 4e-9 - fit.objective) <= 1e-9 * fit.objective);
  });

  it("by default is never above exact on 30 correlated draws, where plain descent often is", async () => {
    const designs: ((random: Random, features: number) => number[])[] = [
      (random, features) => {
        const row = [random.normal()];
        while (row.length < features) row.push(0.9 * row[row.length - 1] + Math.sqrt(0.19) * random.normal());
        return row;
      },
      (random, features) => {
        const common = Math.sqrt(0.9) * random.normal();
        return Array.from({ length: features }, () => common + Math.sqrt(0.1) * random.normal());
      },
      (random, features) => {
        const common = random.normal();
        return Array.from({ length: features }, (_, j) => (1 + j % 3) * common + 0.5 * random.normal());
      },
    ];
    let worse = 0;
    for (const [place, design] of designs.entries()) {
      for (let seed = 0; seed < 10; seed++) {
        const random = createRandom(50 * place + seed), rows = [30, 60][seed % 2], features = 24;
        const X = matrix(rows, features), y = new Float64Array(rows);
        for (let i = 0; i < rows; i++) {
          const row = design(random, features);
          X.data.set(row, i * features);
          y[i] = row.reduce((sum, x, j) => j % 6 === 2 ? sum + (j % 4 ? -x : x) : sum, random.normal());
        }
        const options = {
          lambda0: 0.01 * y.reduce((sum, value) => sum + value * value, 0),
          lambda2: seed % 3 ? 0.1 : 0,
        };
        const best = await sparseRegression(X, y, {
          ...options,
          method: "exact",
          gapTolerance: 1e-4,
          nodeLimit: 20_000,
        });
        const found = await sparseRegression(X, y, options);
        const plain = await sparseRegression(X, y, { ...options, method: "coordinate-descent" });
        assert.ok(
          found.objective <= 1.005 * best.objective,
          `${place}, ${seed}: ${found.objective}, ${best.objective}`,
        );
        if (plain.objective > 1.005 * best.objective) worse++;
      }
    }
    assert.ok(worse >= 10, `${worse}`);
  });

  it("auto proves small problems, and counts nodes instead of time where it cannot", async () => {
    const { X, y } = simulate(60, 12, 3, 0.5, 1, 4);
    const proved = await sparseRegression(X, y, { lambda0: 2 });
    assert.ok(proved.status === "converged" && proved.gap! <= 0.01 && proved.nodes! > 0);
    const hard = simulate(100, 60, 20, 0.95, 3, 4), options = { lambda0: 3, lambda2: 0.01 };
    const open = await sparseRegression(hard.X, hard.y, options);
    assert.equal(open.status, "node-limit");
    assert.ok(open.gap! > 0.01 && open.lowerBound! > 0);
    const again = await sparseRegression(hard.X, hard.y, options);
    assert.deepEqual([again.nodes, again.lowerBound], [open.nodes, open.lowerBound]);
    const wide = simulate(100, 200, 4, 0.2, 1, 4);
    const large = await sparseRegression(wide.X, wide.y, { lambda0: 5 });
    assert.ok(large.status === "converged" && large.lowerBound === undefined);
  });

  it("auto finds the best of 40 nearly equal features in 40 rows, where it was 4 % above", async () => {
    const { X, y, random } = nearlyCollinear(40, 40, 0.999);
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 40; j += 8) y[i] += (j % 16 ? -1 : 1) * X.data[i * 40 + j];
      y[i] += 2 * random.normal();
    }
    const mean = y.reduce((sum, value) => sum + value, 0) / 40;
    const lambda0 = 0.001 * y.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const fit = await sparseRegression(X, y, { lambda0 });
    const best = await sparseRegression(X, y, { lambda0, method: "exact", gapTolerance: 1e-6 });
    assert.equal(best.status, "converged");
    assert.ok(fit.objective <= 1.005 * best.objective, `${fit.objective}, but ${best.objective} is there`);
  });

  it("exact is no worse than auto where neither proves the best of 60 nearly equal features in 30 rows", async () => {
    const random = createRandom(6), X = matrix(30, 60), y = new Float64Array(30);
    for (let i = 0; i < 30; i++) {
      const factor = random.normal();
      y[i] = random.normal();
      for (let j = 0; j < 60; j++) X.data[i * 60 + j] = factor + 0.1 * random.normal();
    }
    const auto = await sparseRegression(X, y, { lambda0: 0.15 });
    const exact = await sparseRegression(X, y, { lambda0: 0.15, method: "exact", nodeLimit: 1600 });
    assert.equal(exact.status, "node-limit");
    assert.ok(
      auto.objective <= 2.53 && exact.objective <= 1.0001 * auto.objective,
      `${auto.objective}, ${exact.objective}`,
    );
  });

  it("exact answers with an honest gap where nothing bounds the optimum", async () => {
    const wide = simulate(20, 1200, 3, 0.2, 1, 5);
    const fit = await sparseRegression(wide.X, wide.y, { lambda0: 1, method: "exact" });
    assert.equal(fit.status, "node-limit");
    assert.ok(fit.lowerBound === 1 && fit.gap! > 0);
    assert.match(fit.remarks.join(), /nothing bounds/);
  });

  it("ends in time inside the reduction and the bound of many features", async () => {
    const { X, y } = simulate(1100, 1050, 5, 0.2, 1, 6);
    let longest = 0, last = performance.now();
    const onProgress = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    };
    // From a start of the caller's the data are made ready whatever the time.
    const initial = new Float64Array(1050), method = "exact";
    const fit = await sparseRegression(X, y, { lambda0: 10, method, initial, timeLimitMs: 0, onProgress });
    assert.equal(fit.status, "time-limit");
    assert.ok(fit.lowerBound! >= 0 && fit.lowerBound! <= fit.objective);
    // One stage between two looks at the clock is a block of Gram rows, not the whole O(features^3).
    assert.ok(longest < 5000, `${longest} ms`);
  });

  it("answers with the empty model where the time is up before the data are ready", async () => {
    const { X, y } = simulate(21_000, 50, 5, 0.2, 1, 6), samples = y.length;
    const weights = Float64Array.from({ length: samples }, (_, i) => 1 + i % 3);
    for (const question of [{ lambda0: 100 }, { lambda0: 100, weights }, { size: 3 }]) {
      const total = (values: Float64Array) =>
        values.reduce((sum, value, i) => sum + ("weights" in question ? weights[i] : 1) * value, 0);
      const mean = total(y) / total(new Float64Array(samples).fill(1));
      const whole = total(y.map((value) => (value - mean) ** 2)) / 2;
      for (const method of ["auto", "exact", "local-search"] as const) {
        const fit = await sparseRegression(X, y, { ...question, method, timeLimitMs: 0 });
        assert.equal(fit.status, "time-limit");
        assert.equal(fit.support.length, 0);
        assert.ok(Math.abs(fit.intercept - mean) < 1e-12 && Math.abs(fit.objective - whole) < 1e-9 * whole);
        if (method === "exact") assert.ok(Math.abs(fit.lowerBound! - ("size" in question ? 0 : 100)) < 1e-9);
      }
    }
    // What must be in the support is fitted whatever the time.
    const fit = await sparseRegression(X, y, { lambda0: 100, always: [2], timeLimitMs: 0 });
    assert.equal(fit.support.join(), "2");
  });

  it("sums its objective to 1e-10 where the terms of the fit cancel to a billionth", async () => {
    const { X, y } = cancellingIntegers(30, 12);
    for (const intercept of [true, false]) {
      const options = { lambda0: 0, always: [0, 1], standardize: false, intercept };
      for (const method of ["auto", "exact", "coordinate-descent"] as const) {
        const { coefficients, objective } = await sparseRegression(X, y, { ...options, method });
        assert.ok(Math.abs(coefficients[0]) > 1, "the columns are told apart");
        const exactly = lossOfIntegers(X, y, coefficients, intercept);
        assert.ok(Math.abs(objective - exactly) <= 1e-10 * exactly, `${method}: ${objective}, exactly ${exactly}`);
      }
    }
  });

  it("converges at every point of a path over nearly collinear columns", async () => {
    const random = createRandom(9), rows = 200, features = 12;
    const X = matrix(rows, features), y = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const common = random.normal();
      for (let j = 0; j < features; j++) X.data[i * features + j] = common + 10 ** (-1 - j / 2) * random.normal();
      y[i] = X.data[i * features] + 30 * (X.data[i * features + 3] - X.data[i * features + 4]) + 0.1 * random.normal();
    }
    let points = 0;
    for await (const point of sparseRegressionPath(X, y)) {
      assert.equal(point.status, "converged");
      const question = { ...standard, lambda0: point.lambda0, lambda2: 0 };
      regressionKeepsPromises(X, y, question, point, `lambda0 ${point.lambda0}`);
      points++;
    }
    assert.ok(points > 3);
    const problem = scaledProblem(X, y, standard);
    assert.equal(problem.columns.length, features);
  });
});
