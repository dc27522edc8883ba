import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createRandom,
  crossValidateMultiTask,
  matrix,
  predictMultiTask,
  sparseMultiTask,
  sparseMultiTaskPath,
} from "../../../mod.ts";
import { drawFolds } from "../../../solvers/l0/folds.ts";
import { randomTasks, type Task } from "./instances.ts";

const tasks = randomTasks(21, 0.4, 3, 7);
const grid = { support: [1, 3], ridge: [0.01], supportSharing: [0, 0.05] };

const rowsOf = ({ X, y }: Task, rows: readonly number[]): Task => {
  const features = X.shape[1],
    data = rows.flatMap((i) => Array.from(X.data.subarray(i * features, (i + 1) * features)));
  return { X: matrix(rows.length, features, Float64Array.from(data)), y: Float64Array.from(rows, (i) => y[i]) };
};

const errorOf = (predicted: Float64Array, y: Float64Array) =>
  predicted.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0) / y.length;

describe("sparseMultiTaskPath", () => {
  it("visits the grid from large supports and small prices on, and is as good as single fits", async () => {
    const seen: string[] = [];
    for await (const point of sparseMultiTaskPath(tasks, { grid: { ...grid, ridge: [0.01, 0.1] } })) {
      seen.push([point.support, point.ridge, point.supportSharing].join());
      const { support, ridge, supportSharing } = point;
      const single = await sparseMultiTask(tasks, { support, ridge, supportSharing, method: "local-search" });
      assert.ok(point.objective <= single.objective + 1e-9, `${point.objective}, ${single.objective}`);
    }
    assert.deepEqual(seen, [
      "3,0.1,0",
      "3,0.1,0.05",
      "3,0.01,0",
      "3,0.01,0.05",
      "1,0.1,0",
      "1,0.1,0.05",
      "1,0.01,0",
      "1,0.01,0.05",
    ]);
  });

  it("can be left at any point", async () => {
    for await (const point of sparseMultiTaskPath(tasks)) {
      assert.equal(point.support, 7);
      break;
    }
  });
});

describe("crossValidateMultiTask", () => {
  it("has the errors of fits to the rows of each fold alone: nothing of the held rows is known", async () => {
    const folds = 4, seed = 9;
    const { table, best, fit } = await crossValidateMultiTask(tasks, { grid, folds, seed });
    const parts = tasks.map(({ y }, k) => drawFolds(y.length, { folds, repeats: 1, seed: seed + k }));
    for (const point of table) {
      const errors: number[][] = tasks.map(() => []);
      for (let fold = 0; fold < folds; fold++) {
        const training = tasks.map((task, k) =>
          rowsOf(task, Array.from(task.y.keys()).filter((row) => !parts[k][fold].includes(row)))
        );
        const { support, ridge, supportSharing } = point;
        const model = await sparseMultiTask(training, { support, ridge, supportSharing, method: "local-search" });
        tasks.forEach((task, k) => {
          const held = rowsOf(task, parts[k][fold]);
          errors[k].push(errorOf(predictMultiTask(model, held.X, k), held.y));
        });
      }
      const means = errors.map((own) => own.reduce((sum, value) => sum + value, 0) / folds);
      means.forEach((mean, k) =>
        assert.ok(Math.abs(point.taskErrors[k] - mean) <= 1e-7 * mean, `${point.taskErrors[k]}, ${mean}`)
      );
      const mean = means.reduce((sum, value) => sum + value, 0) / tasks.length;
      assert.ok(Math.abs(point.meanSquaredError - mean) <= 1e-7 * mean);
    }
    assert.equal(table[best].meanSquaredError, Math.min(...table.map((point) => point.meanSquaredError)));
    const { support, ridge, supportSharing } = table[best];
    assert.deepEqual(fit.supports, (await sparseMultiTask(tasks, { support, ridge, supportSharing })).supports);
  });

  it("by one standard error takes the smallest support that is as good", async () => {
    const options = { grid: { support: [1, 2, 3, 5, 7], ridge: [0.001] }, folds: 3 };
    const chosen = await crossValidateMultiTask(tasks, { ...options, rule: "one-standard-error" });
    const least = chosen.table.reduce((a, b) => b.meanSquaredError < a.meanSquaredError ? b : a);
    const within = chosen.table.filter((one) => one.meanSquaredError <= least.meanSquaredError + least.standardError);
    assert.equal(chosen.table[chosen.best].support, Math.min(...within.map(({ support }) => support)));
  });

  it("leaves whole tasks out, which the others predict, by their average or stacked", async () => {
    for (const prediction of ["average", "stacked"] as const) {
      const { table } = await crossValidateMultiTask(tasks, { grid, leaveOut: "tasks", prediction });
      for (const { support, ridge, supportSharing, taskErrors } of table) {
        for (const [k, { X, y }] of tasks.entries()) {
          const others = tasks.filter((_, l) => l !== k);
          const model = await sparseMultiTask(others, { support, ridge, supportSharing, method: "local-search" });
          const error = errorOf(predictMultiTask(model, X, prediction), y);
          assert.ok(Math.abs(taskErrors[k] - error) <= 1e-6 * error, `${taskErrors[k]}, ${error}`);
        }
      }
    }
    const { table } = await crossValidateMultiTask(tasks, { grid, leaveOut: "tasks", taskWeights: [1, 2, 3] });
    assert.ok(table.every(({ taskErrors }) => taskErrors.every(Number.isFinite)));
  });

  it("gains by sharing where tasks share their support, and samples are few", async () => {
    const random = createRandom(2), features = 60, truth = [3, 17, 31, 44];
    const make = (samples: number, coefficients: number[]) => {
      const X = matrix(samples, features, Float64Array.from({ length: samples * features }, random.normal));
      const y = Float64Array.from(
        { length: samples },
        (_, i) => truth.reduce((sum, j, m) => sum + coefficients[m] * X.data[i * features + j], 0.7 * random.normal()),
      );
      return { X, y };
    };
    const coefficients = Array.from({ length: 6 }, () => truth.map(() => 0.5 + random.uniform()));
    const training = coefficients.map((own) => make(18, own)), test = coefficients.map((own) => make(200, own));
    const errorWith = async (supportSharing: number[]) => {
      const { fit } = await crossValidateMultiTask(training, { grid: { support: [4], ridge: [0.01], supportSharing } });
      return test.reduce((sum, { X, y }, k) => sum + errorOf(predictMultiTask(fit, X, k), y), 0) / test.length;
    };
    const separate = await errorWith([0]), shared = await errorWith([0, 0.1, 1]);
    assert.ok(shared < 0.8 * separate, `shared ${shared}, separate ${separate}`);
  });

  it("takes one X with many responses, in the same folds", async () => {
    const [{ X, y }] = tasks,
      Y = matrix(y.length, 2, Float64Array.from({ length: 2 * y.length }, (_, at) => y[at >> 1] * (1 + at % 2)));
    const { table } = await crossValidateMultiTask(X, Y, {
      grid,
      folds: 3,
      weights: Float64Array.from(y, (_, i) => 1 + i % 2),
    });
    for (const { taskErrors: [first, second] } of table) {
      assert.ok(Math.abs(second / first - 4) <= 1e-9, "twice the response");
    }
  });
});
