/** Multi-task regressions as subjects: nasty tables against all supports, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import {
  createRandom,
  crossValidateMultiTask,
  matrix,
  type MultiTaskInput,
  sparseMultiTask,
  type SparseMultiTaskOptions,
  sparseMultiTaskPath,
} from "../../../mod.ts";
import { nastyTable } from "../nasty_data.ts";
import { keepsPromises } from "../promises.ts";
import { drain, type Stoppable, type Subject } from "../subject.ts";

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed), features = 1 + random.integer(7), count = 1 + random.integer(3);
  const tasks = Array.from({ length: count }, (_, k): MultiTaskInput => {
    const rows = 2 + random.integer(20), { samples: X } = nastyTable(rows, features, seed * 3 + k);
    return { X, y: Float64Array.from({ length: rows }, (_, i) => X.data[i * features] + random.normal()) };
  });
  const options = {
    support: random.integer(features + 1),
    ridge: [0, 1e-4, 1][random.integer(3)],
    valueSharing: [0, 0, 0.1][random.integer(3)],
    supportSharing: [0, 0.01, 10][random.integer(3)],
    commonSupport: random.integer(3) === 0,
    standardize: random.integer(4) > 0,
    localSearch: random.integer(4) > 0,
    method: (["local-search", "exact"] as const)[seed % 2],
    nodeLimit: 200,
  };
  const what = `multi-task regression of seed ${seed}: ${JSON.stringify(options)}`;
  const fit = await sparseMultiTask(tasks, options).catch((error) => {
    throw new Error(`${what}: ${error.message}`, { cause: error });
  });
  keepsPromises(fit, 0.01, what);
  assert.ok(fit.supports.every((support) => support.length <= options.support), what);
  if (options.commonSupport) assert.equal(new Set(fit.supports.map((support) => support.join())).size, 1, what);
  assert.ok(fit.coefficients.data.every(Number.isFinite) && fit.intercepts.every(Number.isFinite), what);
}

/** Three tasks that have every tenth feature in common. */
function similar(rows: number, columns: number): MultiTaskInput[] {
  const random = createRandom(rows + columns);
  return [0, 1, 2].map(() => {
    const X = matrix(rows, columns, Float64Array.from({ length: rows * columns }, random.normal));
    const y = Float64Array.from({ length: rows }, (_, i) => {
      let sum = random.normal();
      for (let j = 0; j < columns; j += 10) sum += X.data[i * columns + j];
      return sum;
    });
    return { X, y };
  });
}

const sizes = [[100, 150], [300, 1000], [200, 3000], [5000, 100]] as const;

const fits = (name: string, options: Omit<SparseMultiTaskOptions, "support">): Stoppable => ({
  name,
  sizes,
  prepare(rows, columns) {
    const tasks = similar(rows, columns);
    return (solve) => sparseMultiTask(tasks, { support: 10, supportSharing: 0.1, ridge: 0.001, ...options, ...solve });
  },
});

/** {@linkcode sparseMultiTask}. */
export const multiTask: Subject = {
  fuzz,
  instances: 60,
  stops: [
    fits("auto", {}),
    fits("values shared", { valueSharing: 1 }),
    fits("common support", { commonSupport: true }),
    fits("descent", { localSearch: false }),
    fits("exact", { method: "exact" }),
  ],
};

/** {@linkcode sparseMultiTaskPath}. */
export const multiTaskPath: Subject = {
  stops: [{
    name: "the grid of the data",
    sizes,
    prepare(rows, columns) {
      const tasks = similar(rows, columns);
      return (solve) => drain(sparseMultiTaskPath(tasks, solve));
    },
  }],
};

/** {@linkcode crossValidateMultiTask}. */
export const multiTaskValidation: Subject = {
  stops: [{
    name: "five folds",
    sizes,
    prepare(rows, columns) {
      const tasks = similar(rows, columns);
      return (solve) => crossValidateMultiTask(tasks, solve);
    },
  }],
};
