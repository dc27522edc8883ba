import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createRandom,
  crossValidateMultiTask,
  DataError,
  fromRows,
  matrix,
  type MultiTaskInput,
  OptionError,
  predictMultiTask,
  ShapeError,
  sparseMultiTask,
  type SparseMultiTaskOptions,
} from "../../../mod.ts";
import { goldenTasks, randomTasks } from "./instances.ts";

const tasks = goldenTasks();
const X = fromRows([[1, 2], [2, 1], [3, 5], [4, 3]]), y = [1, 2, 3, 5];

describe("sparseMultiTask, whatever comes,", () => {
  const refusals: readonly [
    string,
    () => Promise<unknown>,
    typeof ShapeError | typeof OptionError | typeof DataError,
    RegExp,
  ][] = [
    ["no tasks", () => sparseMultiTask([], { support: 1 }), ShapeError, /"tasks" is empty/],
    [
      "tasks of different widths",
      () => sparseMultiTask([{ X, y }, { X: fromRows([[1], [2]]), y: [1, 2] }], { support: 1 }),
      ShapeError,
      /task 0 has 2 features, but task 1 has 1/,
    ],
    [
      "a short response",
      () => sparseMultiTask([{ X, y: [1] }], { support: 1 }),
      ShapeError,
      /4 samples.*"tasks\[0\].y" has 1/,
    ],
    ["NaN", () => sparseMultiTask([{ X, y: [1, NaN, 2, 3] }], { support: 1 }), DataError, /"tasks\[0\].y" is NaN at 1/],
    [
      "NaN in the features of a task",
      () => sparseMultiTask([{ X, y }, { X: fromRows([[1, 2], [2, NaN], [3, 5], [4, 3]]), y }], { support: 1 }),
      DataError,
      /"tasks\[1\].X" is NaN at row 1, column 1/,
    ],
    [
      "NaN in Y",
      () => sparseMultiTask(X, fromRows([[1], [NaN], [2], [3]]), { support: 1 }),
      DataError,
      /"Y" is NaN at row 1, column 0/,
    ],
    ["no support", () => sparseMultiTask([{ X, y }], {} as SparseMultiTaskOptions), OptionError, /"support".*missing/],
    [
      "a negative support",
      () => sparseMultiTask([{ X, y }], { support: -1 }),
      OptionError,
      /"support": expected a whole number/,
    ],
    ["a negative ridge", () => sparseMultiTask([{ X, y }], { support: 1, ridge: -1 }), OptionError, /"ridge"/],
    [
      "an unknown option",
      () => sparseMultiTask([{ X, y }], { support: 1, supportSharin: 1 } as SparseMultiTaskOptions),
      OptionError,
      /nearest is "supportSharing"/,
    ],
    ["one X without Y", () => sparseMultiTask(X, undefined!, { support: 1 }), ShapeError, /needs "Y"/],
    ["a short Y", () => sparseMultiTask(X, matrix(3, 2), { support: 1 }), ShapeError, /"Y" has 3/],
    ["Y of no columns", () => sparseMultiTask(X, matrix(4, 0), { support: 1 }), ShapeError, /"Y" has no columns/],
    [
      "weights of another length",
      () => sparseMultiTask([{ X, y, weights: [1] }], { support: 1 }),
      OptionError,
      /"tasks\[0\].weights": expected 4/,
    ],
    [
      "misspelt weights",
      () => sparseMultiTask([{ X, y, weight: [1, 1, 1, 0] } as object as MultiTaskInput], { support: 1 }),
      OptionError,
      /"tasks\[0\].weight" is not known; the nearest is "weights"/,
    ],
    [
      "weights of nothing",
      () => sparseMultiTask([{ X, y, weights: [0, 0, 0, 0] }], { support: 1 }),
      OptionError,
      /one above 0/,
    ],
    [
      "weights beside tasks",
      () => sparseMultiTask([{ X, y }], { support: 1, weights: [1, 1, 1, 1] }),
      OptionError,
      /in the tasks/,
    ],
    [
      "too few task weights",
      () => sparseMultiTask(tasks, { support: 1, taskWeights: [1] }),
      OptionError,
      /expected 3 numbers/,
    ],
    [
      "one name twice",
      () => sparseMultiTask([{ X, y, name: "a" }, { X, y, name: "a" }], { support: 1 }),
      OptionError,
      /"a" twice/,
    ],
    [
      "too many folds",
      () => crossValidateMultiTask([{ X, y }], { folds: 5 }),
      OptionError,
      /at most the 4 samples of the largest task/,
    ],
    [
      "one task to leave out",
      () => crossValidateMultiTask([{ X, y }], { leaveOut: "tasks" }),
      OptionError,
      /two tasks/,
    ],
    [
      "responses of one X to leave out",
      () => crossValidateMultiTask(X, matrix(4, 2), { leaveOut: "tasks" }),
      OptionError,
      /expected "rows"/,
    ],
    [
      "half a feature",
      () => crossValidateMultiTask([{ X, y }], { folds: 2, grid: { support: [1.5] } }),
      OptionError,
      /"grid.support": expected whole/,
    ],
  ];
  for (const [what, call, kind, message] of refusals) {
    it(`refuses ${what}`, () =>
      assert.rejects(async () => await call(), (error) => error instanceof kind && message.test(error.message)));
  }

  for (const name of ["support", "ridge", "valueSharing", "supportSharing"]) {
    it(`refuses a grid without any ${name}`, () =>
      assert.rejects(
        crossValidateMultiTask([{ X, y }], { folds: 2, grid: { [name]: [] } }),
        (error) => error instanceof OptionError && error.argument === `grid.${name}`,
      ));
  }

  it("tells the time of the whole call", async () => {
    const large = randomTasks(5, 0.3, 4, 300), begun = performance.now();
    const fit = await sparseMultiTask(large, { support: 3, method: "local-search" });
    const wholeMs = performance.now() - begun;
    assert.ok(fit.elapsedMs > 0.7 * wholeMs && fit.elapsedMs <= wholeMs + 1, `${fit.elapsedMs} of ${wholeMs} ms`);
  });

  it("refuses a task at prediction that the fit does not know", async () => {
    const fit = await sparseMultiTask([{ X, y, name: "north" }, { X, y, name: "south" }], { support: 1 });
    assert.deepEqual(predictMultiTask(fit, X, "south"), predictMultiTask(fit, X, 1));
    assert.throws(() => predictMultiTask(fit, X, "nort"), /no "task" "nort"; the nearest is "north"/);
    assert.throws(() => predictMultiTask(fit, X, 2), /expected a "task" from 0 to 1, received 2/);
    assert.throws(() => predictMultiTask(fit, matrix(1, 3), 0), ShapeError);
    const shared = await sparseMultiTask(X, matrix(4, 2, new Float64Array([1, 2, 2, 3, 1, 0, 4, 4])), { support: 1 });
    assert.throws(() => predictMultiTask(shared, X, "stacked"), /samples of their own/);
  });

  it("takes a support of 0, and one above the features and the rank", async () => {
    const none = await sparseMultiTask(tasks, { support: 0 });
    assert.ok(none.supports.every((support) => support.length === 0) && none.coefficients.data.every((b) => b === 0));
    tasks.forEach(({ y }, k) => {
      const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
      assert.ok(Math.abs(none.intercepts[k] - mean) <= 1e-12);
    });
    const all = await sparseMultiTask(tasks, { support: 100 });
    assert.match(all.remarks.join(), /There are 6 features: no task can have the 100/);
    const short = randomTasks(3, 0.5, 2, 40);
    const full = await sparseMultiTask(short, { support: 40 });
    full.supports.forEach((support, k) => assert.ok(support.length <= short[k].y.length - 1, "at most the rank"));
    assert.ok(full.objective <= 1e-12);
  });

  it("takes a task of one row, a constant response and constant columns, and says so", async () => {
    const odd: MultiTaskInput[] = [
      ...tasks,
      { X: matrix(1, 6, new Float64Array([1, 2, 3, 4, 5, 6])), y: [7], name: "short" },
      { X: tasks[0].X, y: new Float64Array(12).fill(0.1), name: "flat" },
    ];
    for (const penalties of [{}, { valueSharing: 0.5 }, { supportSharing: 0.2 }, { commonSupport: true }]) {
      const fit = await sparseMultiTask(odd, { support: 2, ridge: 0.01, ...penalties });
      assert.match(fit.remarks.join(), /Task short of one sample/);
      assert.match(fit.remarks.join(), /response of task flat is constant/);
      assert.ok(fit.coefficients.data.every(Number.isFinite));
      assert.ok(Math.abs(predictMultiTask(fit, odd[3].X, "short")[0] - 7) <= 1e-9);
    }
    const constant = tasks.map((task) => ({
      ...task,
      X: matrix(...task.X.shape, task.X.data.map((x, at) => at % 6 === 4 ? 3 : x)),
    }));
    const fit = await sparseMultiTask(constant, { support: 6 });
    assert.match(fit.remarks.join(), /Column 4 is constant/);
    assert.ok(fit.supports.every((support) => !support.includes(4)));
  });

  it("ends within a limit of 50 ms, with what it has", async () => {
    const random = createRandom(3), features = 600;
    const large = Array.from({ length: 4 }, () => ({
      X: matrix(60, features, Float64Array.from({ length: 60 * features }, random.normal)),
      y: Float64Array.from({ length: 60 }, random.normal),
    }));
    for (const localSearch of [true, false]) {
      const fit = await sparseMultiTask(large, { support: 20, supportSharing: 0.01, timeLimitMs: 50, localSearch });
      assert.ok(fit.elapsedMs < 2000, `${fit.elapsedMs} ms`);
      assert.ok(Number.isFinite(fit.objective));
    }
    const validated = await crossValidateMultiTask(large, { timeLimitMs: 50 });
    const unknown = await crossValidateMultiTask(large, { timeLimitMs: 0 });
    assert.ok(unknown.table.every(({ meanSquaredError }) => meanSquaredError === Infinity));
    assert.equal(unknown.fit.support, Math.min(...unknown.table.map(({ support }) => support)));
    assert.equal(validated.status, "time-limit");
    assert.ok(Number.isFinite(validated.fit.objective));
  });

  it("makes no more moves between two checkpoints than what follows each of them allows", async () => {
    let most = 0, before = 0;
    await sparseMultiTask(randomTasks(7, 0.5, 3, 150), {
      support: 75,
      valueSharing: 0.1,
      maxIterations: 1000,
      onProgress({ stage, iteration }) {
        if (stage !== "moves") return;
        most = Math.max(most, iteration - before);
        before = iteration;
      },
    });
    // A few searches at once, of some million multiply-adds a move.
    assert.ok(before >= 1000 && most <= 150, `${most} of ${before} moves`);
  });

  it("makes and prepares no more folds once the time is up", async () => {
    const { normal } = createRandom(4), samples = 120, features = 100;
    const large = Array.from({ length: 9 }, () => ({
      X: matrix(samples, features, Float64Array.from({ length: samples * features }, normal)),
      y: Float64Array.from({ length: samples }, normal),
    }));
    for (
      const options of [{}, { leaveOut: "tasks" }, { leaveOut: "tasks", taskWeights: new Array(9).fill(1) }] as const
    ) {
      for (const folds of [2, 40]) {
        const seen = new Map<string, number>();
        const onProgress = ({ stage }: { stage: string }) => void seen.set(stage, (seen.get(stage) ?? 0) + 1);
        const given = { ...options, timeLimitMs: 0, onProgress, ...(!("leaveOut" in options) && { folds }) };
        const { status, fit, table } = await crossValidateMultiTask(large, given);
        assert.equal(status, "time-limit");
        assert.ok(
          Number.isFinite(fit.objective) && table.every(({ meanSquaredError }) => meanSquaredError === Infinity),
        );
        const ofFolds = (seen.get("folds") ?? 0) + (seen.get("cross-validation") ?? 0);
        assert.equal(ofFolds, 1, `${ofFolds} checkpoints of ${folds} folds`);
      }
    }
  });

  it("takes 3000 tasks of one number each, whose stacked predictions it leaves out", async () => {
    const many = Array.from({ length: 3000 }, (_, k) => ({ X: fromRows([[Math.sin(k)]]), y: [Math.cos(k)] }));
    const fit = await sparseMultiTask(many, { support: 1, valueSharing: 0.1, intercept: false });
    assert.equal(fit.status, "converged");
    assert.equal(fit.stacking, undefined);
    assert.match(fit.remarks.join(), /nothing for stacked predictions: they are of up to 250 tasks/);
    assert.throws(() => predictMultiTask(fit, many[0].X, "stacked"), /up to 250 tasks/);
    await assert.rejects(
      crossValidateMultiTask(many, { leaveOut: "tasks", prediction: "stacked" }),
      (error) => error instanceof OptionError && error.argument === "prediction",
    );
  });

  it("fits 500 tasks whose values are shared as it fits few: their gradients vanish", async () => {
    const many = randomTasks(11, 0.9, 500, 4), question = { support: 2, ridge: 1e-3, valueSharing: 0.3 };
    const fit = await sparseMultiTask(many, { ...question, standardize: false, method: "local-search" });
    assert.equal(fit.status, "converged");
    const { coefficients: { data, shape: [features, count] }, supports, intercepts } = fit;
    const meanOf = (j: number) =>
      Array.from({ length: count }, (_, k) => data[j * count + k]).reduce((a, b) => a + b) / count;
    let largest = 0;
    many.forEach(({ X, y }, k) => {
      for (const j of supports[k]) {
        const own = data[j * count + k];
        let gradient = question.ridge * own + question.valueSharing * (own - meanOf(j));
        for (let i = 0; i < y.length; i++) {
          let residual = y[i] - intercepts[k];
          for (const m of supports[k]) residual -= X.data[i * features + m] * data[m * count + k];
          gradient -= X.data[i * features + j] * residual / y.length;
        }
        largest = Math.max(largest, Math.abs(gradient));
      }
    });
    assert.ok(largest <= 1e-8, `a gradient of ${largest}`);
  });

  it("ends where supports of as many features as samples fit exactly, and moves only follow rounding", async () => {
    // Five samples of 40 features: after the intercept, any four fit.
    const own = (k: number) => {
      const random = createRandom(k), X = matrix(5, 40, Float64Array.from({ length: 200 }, random.normal));
      return {
        X,
        y: Float64Array.from({ length: 5 }, (_, i) => 2 * X.data[40 * i] - X.data[40 * i + 1] + random.normal()),
      };
    };
    for (const support of [4, 5, 10]) {
      const fit = await sparseMultiTask([3, 4, 5].map(own), { support });
      assert.equal(fit.status, "converged");
      assert.ok(fit.iterations < 5_000, `${fit.iterations} moves`);
      assert.ok(fit.objective < 1e-20, `${fit.objective}`);
    }
  });
});
