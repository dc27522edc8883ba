import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createRandom,
  init,
  matrix,
  memoryUsage,
  type SparseMultiTask,
  sparseMultiTask,
  sparseRegression,
} from "../../../mod.ts";
import { cancellingIntegers, lossOfIntegers } from "../../support/integers.ts";
import { goldenTasks, type Question, randomTasks, type Task } from "./instances.ts";

const cases: readonly (Question & { readonly localSearch?: boolean })[] = [
  { support: 3, ridge: 0.01 },
  { support: 3, ridge: 0.01, supportSharing: 0.2 },
  { support: 3, ridge: 0.01, valueSharing: 0.4, supportSharing: 0.1 },
  { support: 3, ridge: 0, valueSharing: 5 },
  { support: 3, ridge: 0.01, commonSupport: true },
  { support: 3, ridge: 0.01, valueSharing: 0.4, commonSupport: true },
  { support: 3, ridge: 0.01, supportSharing: 0.2, localSearch: false },
  { support: 3, ridge: 0.01, commonSupport: true, localSearch: false },
];

const columnOf = ({ coefficients: { data, shape: [features, tasks] } }: SparseMultiTask, k: number) =>
  Array.from({ length: features }, (_, j) => data[j * tasks + k]);

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, allowed: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) <= allowed, `${what}, ${i}: ${actual[i]}, ${expected[i]}`);
  }
}

/** The largest derivative of the objective along a coefficient of a support, and along an intercept. */
function residualOf(tasks: readonly Task[], fit: SparseMultiTask, { ridge, valueSharing = 0 }: Question): number {
  const count = tasks.length;
  let worst = 0;
  tasks.forEach(({ X: { data, shape: [samples, features] }, y, weights }, k) => {
    const weightOf = (i: number) => weights ? weights[i] : 1;
    const total = Array.from(y).reduce((sum, _, i) => sum + weightOf(i), 0);
    const residual = Array.from(y, (value, i) => {
      let left = value - fit.intercepts[k];
      for (let j = 0; j < features; j++) left -= data[i * features + j] * fit.coefficients.data[j * count + k];
      return weightOf(i) * left / total;
    });
    worst = Math.max(worst, Math.abs(residual.reduce((sum, value) => sum + value, 0)));
    for (const j of fit.supports[k]) {
      const own = fit.coefficients.data[j * count + k];
      let mean = 0;
      for (let l = 0; l < count; l++) mean += fit.coefficients.data[j * count + l] / count;
      let gradient = ridge * own + valueSharing * (own - mean);
      for (let i = 0; i < samples; i++) gradient -= residual[i] * data[i * features + j];
      worst = Math.max(worst, Math.abs(gradient));
    }
  });
  return worst;
}

describe("sparseMultiTask", () => {
  const tasks = randomTasks(4, 0.5, 4, 9);

  for (const question of cases) {
    const name = JSON.stringify(question);
    it(`satisfies its stationarity to 1e-8, and its objective falls: ${name}`, async () => {
      const fit = await sparseMultiTask(tasks, { ...question, standardize: false });
      assert.ok(residualOf(tasks, fit, question) <= 1e-8);
      assert.ok(fit.supports.every((support) => support.length <= 3));
      if (question.commonSupport) assert.equal(new Set(fit.supports.map((support) => support.join())).size, 1);
      fit.trace.forEach((value, at) => assert.ok(at === 0 || value <= fit.trace[at - 1] * (1 + 1e-12)));
    });

    it(`permutes its answer with tasks and features: ${name}`, async () => {
      const options = { ...question, method: "local-search" } as const, features = 9;
      const order = [3, 0, 2, 1], places = [5, 0, 8, 2, 1, 7, 3, 6, 4];
      const moved = order.map((k) => ({
        X: matrix(
          tasks[k].y.length,
          features,
          tasks[k].X.data.map((_, at, data) => data[Math.floor(at / features) * features + places[at % features]]),
        ),
        y: tasks[k].y,
      }));
      const fit = await sparseMultiTask(tasks, options), other = await sparseMultiTask(moved, options);
      assert.ok(Math.abs(fit.objective - other.objective) <= 1e-10);
      order.forEach((k, at) => near(columnOf(other, at), places.map((j) => columnOf(fit, k)[j]), 1e-8, `task ${k}`));
      near(other.intercepts, order.map((k) => fit.intercepts[k]), 1e-8, "intercepts");
    });
  }

  it("with supportSharing without end has the common support", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const own = randomTasks(90 + seed, 0.6, 3, 8);
      const shared = await sparseMultiTask(own, { support: 2, ridge: 0.01, supportSharing: 1e6 });
      const common = await sparseMultiTask(own, { support: 2, ridge: 0.01, commonSupport: true });
      assert.equal(new Set(shared.supports.map((support) => support.join())).size, 1);
      assert.ok(Math.abs(shared.objective - common.objective) <= 1e-9, `${shared.objective}, ${common.objective}`);
    }
  });

  it("of one task is sparseRegression with size and lambda2 = n ridge / 2", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const [task] = randomTasks(40 + seed, seed % 2 ? 0.9 : 0.2, 1, 12), samples = task.y.length;
      for (const standardize of [true, false]) {
        const ridge = 0.05, shared = { valueSharing: 3, supportSharing: 2 };
        const fit = await sparseMultiTask([task], { support: 3, ridge, ...shared, standardize });
        const single = await sparseRegression(task.X, task.y, { size: 3, lambda2: samples * ridge / 2, standardize });
        assert.ok(Math.abs(fit.objective - single.objective / samples) <= 1e-10);
        near(fit.coefficients.data, single.coefficients, 1e-9, `seed ${seed}`);
        assert.ok(Math.abs(fit.intercepts[0] - single.intercept) <= 1e-9);
      }
    }
  });

  it("of independent tasks is each by itself", async () => {
    const together = await sparseMultiTask(tasks, { support: 3, ridge: 0.01, standardize: false });
    for (const [k, task] of tasks.entries()) {
      const alone = await sparseMultiTask([task], { support: 3, ridge: 0.01, standardize: false });
      near(columnOf(together, k), alone.coefficients.data, 1e-10, `task ${k}`);
    }
  });

  it("takes one X with many responses as tasks with the same X", async () => {
    const [{ X, y }] = tasks, random = createRandom(5);
    const Y = matrix(
      y.length,
      3,
      Float64Array.from({ length: 3 * y.length }, (_, at) => y[Math.floor(at / 3)] + random.normal()),
    );
    const own = [0, 1, 2].map((k) => ({ X, y: Float64Array.from(y, (_, i) => Y.data[i * 3 + k]) }));
    for (const question of cases) {
      const shared = await sparseMultiTask(X, Y, question), apart = await sparseMultiTask(own, question);
      assert.deepEqual(shared.coefficients, apart.coefficients);
      assert.equal(shared.stacking, undefined);
    }
    const weights = Float64Array.from(y, (_, i) => 1 + i % 3);
    const weighted = await sparseMultiTask(X, Y, { support: 2, weights });
    const each = await sparseMultiTask(own.map((task) => ({ ...task, weights })), { support: 2 });
    assert.deepEqual(weighted.coefficients, each.coefficients);
  });

  it("counts a row of weight 2 as two rows, and a task by its weight", async () => {
    const twice = tasks.map(({ X, y }) => {
      const [samples, features] = X.shape,
        rows = Array.from({ length: samples }, (_, i) => i % 2 ? [i] : [i, i]).flat();
      const data = rows.flatMap((i) => Array.from(X.data.subarray(i * features, (i + 1) * features)));
      return { X: matrix(rows.length, features, Float64Array.from(data)), y: Float64Array.from(rows, (i) => y[i]) };
    });
    const weighted = tasks.map((task) => ({ ...task, weights: Float64Array.from(task.y, (_, i) => i % 2 ? 1 : 2) }));
    for (const question of cases) {
      const a = await sparseMultiTask(weighted, question), b = await sparseMultiTask(twice, question);
      assert.ok(Math.abs(a.objective - b.objective) <= 1e-10);
      near(a.coefficients.data, b.coefficients.data, 1e-8, JSON.stringify(question));
      near(a.meanSquaredErrors, b.meanSquaredErrors, 1e-10, "errors");
    }
    const question = { support: 3, ridge: 0.01, valueSharing: 0.4, standardize: false };
    const fit = await sparseMultiTask(tasks, { ...question, taskWeights: [1, 2, 0, 1] });
    assert.deepEqual(columnOf(fit, 2).filter((value) => value !== 0).length <= 3, true);
    const doubled = await sparseMultiTask(tasks, {
      support: 3,
      ridge: 0.02,
      valueSharing: 0.8,
      standardize: false,
      taskWeights: [2, 4, 0, 2],
    });
    near(fit.coefficients.data, doubled.coefficients.data, 1e-9, "weights and penalties twice");
  });

  it("scales a feature by one factor in all tasks: its units change nothing", async () => {
    const factors = [1e-8, 1, 1e8, 3, 1e4, 1e-4, 7, 1, 1e-2];
    const other = tasks.map(({ X, y }) => ({ X: matrix(...X.shape, X.data.map((x, at) => x * factors[at % 9])), y }));
    for (const question of cases) {
      const a = await sparseMultiTask(tasks, question), b = await sparseMultiTask(other, question);
      assert.ok(Math.abs(a.objective - b.objective) <= 1e-9 * a.objective);
      tasks.forEach((_, k) =>
        near(columnOf(b, k).map((value, j) => value * factors[j]), columnOf(a, k), 1e-7, "scaled")
      );
    }
  });

  it("follows the response in scale, and not in its mean", async () => {
    const question = { support: 3, ridge: 0.01, supportSharing: 0.2 };
    const fit = await sparseMultiTask(tasks, question);
    for (const [scale, shift] of [[1e8, 0], [1e-8, 0], [1, 1e7], [1e40, 1e44]]) {
      const moved = tasks.map(({ X, y }) => ({ X, y: y.map((value) => scale * value + shift) }));
      const other = await sparseMultiTask(moved, { ...question, supportSharing: 0.2 * scale ** 2 });
      const lost = 1e-12 * Math.abs(shift / scale);
      assert.ok(Math.abs(other.objective / scale ** 2 - fit.objective) <= 1e-9 + 10 * lost, `${scale}, ${shift}`);
      near(
        other.coefficients.data.map((value) => value / scale),
        fit.coefficients.data,
        1e-8 + 100 * lost,
        "coefficients",
      );
    }
  });

  it("knows its errors to 1e-10 where the terms of the fit cancel to a billionth", async () => {
    const { X, y } = cancellingIntegers(30, 12), other = cancellingIntegers(30, 13).y;
    for (const intercept of [true, false]) {
      const Y = matrix(30, 2, Float64Array.from({ length: 60 }, (_, at) => (at & 1 ? other : y)[at >> 1]));
      const fit = await sparseMultiTask(X, Y, { support: 2, intercept });
      for (const [k, response] of [y, other].entries()) {
        const b = columnOf(fit, k), exactly = lossOfIntegers(X, response, b, intercept) * 2 / 30;
        assert.ok(b.every((value) => Math.abs(value) > 0.1), "the columns are told apart");
        assert.ok(Math.abs(fit.meanSquaredErrors[k] - exactly) <= 1e-10 * exactly, `task ${k}: ${exactly}`);
      }
    }
  });

  it("is the same on one thread and two, whatever holds the Gram matrix, and leaves no memory behind", async () => {
    const one = await sparseMultiTask(goldenTasks(), { support: 3, supportSharing: 0.1, backend: "wasm" });
    const { used } = memoryUsage();
    for (const backend of ["reference", "wasm"] as const) {
      const other = await sparseMultiTask(goldenTasks(), { support: 3, supportSharing: 0.1, backend });
      assert.deepEqual(other.supports, one.supports);
      near(other.coefficients.data, one.coefficients.data, 1e-12, backend);
    }
    // Rows of supports are summed where the memory has no room for Gram matrices.
    const wide = randomTasks(8, 0.3, 2, 500), large = await sparseMultiTask(wide, { support: 3, supportSharing: 0.1 });
    await init({ maximumMemoryBytes: 3 << 20 });
    try {
      const narrow = await sparseMultiTask(wide, { support: 3, supportSharing: 0.1 });
      assert.deepEqual(narrow.supports, large.supports);
      near(narrow.coefficients.data, large.coefficients.data, 1e-12, "without Gram matrices");
    } finally {
      await init();
    }
    const controller = new AbortController();
    const aborted = sparseMultiTask(randomTasks(3, 0.5, 4, 40), {
      support: 5,
      supportSharing: 0.1,
      signal: controller.signal,
      onProgress: () => controller.abort("enough"),
    });
    await assert.rejects(aborted, (reason) => reason === "enough");
    assert.ok(memoryUsage().used <= used);
  });
});
