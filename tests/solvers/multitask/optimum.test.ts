import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sparseMultiTask } from "../../../mod.ts";
import { enumerated, goldenTasks, type Question, randomTasks } from "./instances.ts";
import { referenceStrategy } from "./reference_strategy.ts";

const unscaled = { standardize: false, backend: "wasm" } as const;

describe("sparseMultiTask on what can be enumerated", () => {
  it("reaches the golden values", async () => {
    const tasks = goldenTasks();
    const sums = tasks.map(({ y }) => y.reduce((sum, value) => sum + value, 0));
    [0.15761767, 10.57312353, 6.74241682].forEach((sum, k) => assert.ok(Math.abs(sums[k] - sum) < 1e-8));
    const golden: readonly [Omit<Question, "support">, number, string][] = [
      [{ ridge: 0.01 }, 0.3241434956, "0,1;0,2;0,1"],
      [{ ridge: 0.01, supportSharing: 0.05 }, 0.3574768290, "0,1;0,2;0,1"],
      [{ ridge: 0.01, supportSharing: 0.5 }, 0.3985636067, "0,1;0,1;0,1"],
      [{ ridge: 0, valueSharing: 0.5, supportSharing: 0.1 }, 0.4959836720, "0,1;0,1;0,1"],
      [{ ridge: 0.01, commonSupport: true }, 0.3985636067, "0,1;0,1;0,1"],
      [{ ridge: 0.0001, valueSharing: 0.5, commonSupport: true }, 0.4961526330, "0,1;0,1;0,1"],
    ];
    for (const [penalties, objective, supports] of golden) {
      const what = JSON.stringify(penalties);
      for (const method of ["local-search", "exact"] as const) {
        const fit = await sparseMultiTask(tasks, { support: 2, ...penalties, ...unscaled, method, gapTolerance: 1e-9 });
        assert.ok(Math.abs(fit.objective - objective) <= 1e-8, `${what}: ${fit.objective}`);
        assert.equal(fit.supports.join(";"), supports, what);
        if (method === "exact") assert.ok(fit.status === "converged" && fit.gap! <= 1e-9, `${what}: ${fit.gap}`);
      }
      assert.ok(Math.abs(enumerated(tasks, { support: 2, ...penalties }) - objective) <= 1e-8, what);
    }
  });

  it("is optimal in 97 of 100 instances, exact in all, and never behind the authors' strategy", async () => {
    const instances = 200, sharing = [0.02, 0.1, 0.3, 1];
    let optimal = 0, reference = 0;
    const behind: number[] = [], inexact: number[] = [];
    for (let seed = 0; seed < instances; seed++) {
      const tasks = randomTasks(1000 + seed, seed % 2 ? 0.9 + 0.09 * (seed / instances) : 0.3);
      const question: Question = {
        support: 2,
        ridge: 0.01,
        supportSharing: sharing[seed % 4],
        valueSharing: seed % 8 < 6 ? 0 : 0.2,
      };
      const optimum = enumerated(tasks, question), rounding = 1e-9;
      const found = await sparseMultiTask(tasks, { ...question, ...unscaled, method: "local-search" });
      const theirs = referenceStrategy(tasks, question);
      assert.ok(found.objective >= optimum - rounding);
      if (found.objective <= optimum + rounding) optimal++;
      if (theirs <= optimum + rounding) reference++;
      if (found.objective > theirs + rounding) behind.push(seed);
      const exact = await sparseMultiTask(tasks, { ...question, ...unscaled, method: "exact", gapTolerance: 1e-7 });
      assert.ok(exact.lowerBound! <= optimum + rounding, `${seed}: the bound ${exact.lowerBound} is above ${optimum}`);
      if (Math.abs(exact.objective - optimum) > rounding || exact.status !== "converged") inexact.push(seed);
    }
    assert.ok(optimal >= 0.97 * instances, `${optimal} of ${instances}`);
    assert.deepEqual(inexact, []);
    assert.deepEqual(behind, []);
    // The weaker method must lose, or the instances are too easy to tell.
    assert.ok(reference < optimal, `the authors' strategy finds ${reference}, ours ${optimal}`);
  });

  it("gives a valid bound whenever it is stopped", async () => {
    const tasks = randomTasks(7, 0.9, 3, 9), question = { support: 2, ridge: 0.01, supportSharing: 0.1 };
    const optimum = enumerated(tasks, question);
    const bounds: number[] = [];
    for (const nodeLimit of [1, 3, 9, 27, 81, 243]) {
      const fit = await sparseMultiTask(tasks, {
        ...question,
        ...unscaled,
        method: "exact",
        gapTolerance: 0,
        nodeLimit,
      });
      assert.ok(fit.lowerBound! <= optimum + 1e-12 && fit.objective >= optimum - 1e-12);
      bounds.push(fit.lowerBound!);
    }
    assert.deepEqual(bounds, [...bounds].sort((a, b) => a - b), "more nodes, a better bound");
    const none = await sparseMultiTask(tasks, { ...question, ...unscaled, method: "exact", timeLimitMs: 0 });
    assert.equal(none.status, "time-limit");
    assert.ok(none.lowerBound! <= optimum && none.objective >= optimum - 1e-12);
  });

  it("certifies a common support, too", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const tasks = randomTasks(50 + seed, seed % 2 ? 0.9 : 0.3, 3, 8);
      const question = { support: 3, ridge: 0.01, valueSharing: seed % 4 < 2 ? 0 : 0.5, commonSupport: true };
      const optimum = enumerated(tasks, question);
      const fit = await sparseMultiTask(tasks, { ...question, ...unscaled, method: "exact", gapTolerance: 1e-7 });
      assert.ok(
        Math.abs(fit.objective - optimum) <= 1e-9 && fit.status === "converged",
        `${seed}: ${fit.objective}, ${optimum}`,
      );
    }
  });
});
