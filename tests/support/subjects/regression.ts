/** Sparse regressions as subjects: nasty tables against all subsets, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { crossValidateRegression, matrix, sparseRegression, sparseRegressionPath } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { nastyTable } from "../nasty_data.ts";
import {
  keepsPromises,
  leastBySubsets,
  regressionKeepsPromises,
  type RegressionQuestion,
  termSize,
} from "../promises.ts";
import { drain, type Stoppable, type Subject } from "../subject.ts";

/** Work between two checkpoints: about one look at all data, and some 100 ms of kernels. */
const limits = { mostBlocks: 5e6, mostOperations: 1.5e8 };

/** Relative gap at which `exact` is asked to stop. */
const gapTolerance = 0.01;

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0x5555);
  const features = 1 + random.integer(8), rows = 2 + random.integer(random.uniform() < 0.3 ? 6 : 40);
  const { samples: X, kind } = nastyTable(rows, features, seed);
  const signal = random.uniform() < 0.7;
  const y = Float64Array.from({ length: rows }, (_, i) => {
    const [first, third] = [0, 2].map((j) => signal && j < features ? X.data[i * features + j] : 0);
    return random.normal() * (signal ? 0.3 : 1) + first + third;
  });
  const intercept = random.uniform() < 0.6, standardize = random.uniform() < 0.6;
  const mean = intercept ? y.reduce((sum, value) => sum + value, 0) / rows : 0;
  const whole = y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2;
  const price = 10 ** (-4 + 4 * random.uniform()) * whole;
  const question: RegressionQuestion = {
    ...random.uniform() < 0.8 ? { lambda0: price } : { size: random.integer(features + 1) },
    lambda2: [0, 0, 1e-6, 0.1, 10][random.integer(5)],
    intercept,
    standardize,
    ...random.uniform() < 0.2 && { weights: Float64Array.from({ length: rows }, () => 1 + random.integer(3)) },
    ...random.uniform() < 0.1 && { lower: 0 },
  };
  const bounded = question.lower !== undefined;
  const initial = random.uniform() < 0.2 ? Float64Array.from({ length: features }, random.normal) : undefined;
  for (const method of ["auto", "local-search", "exact"] as const) {
    const what = `regression of seed ${seed}, ${rows} x ${features} with ${kind}, ${method}, ${
      JSON.stringify(question)
    }`;
    const fit = await sparseRegression(X, y, { ...question, method, gapTolerance, ...initial && { initial } });
    const problem = regressionKeepsPromises(X, y, question, fit, what);
    keepsPromises(fit, gapTolerance, what);
    if (bounded) continue;
    const least = leastBySubsets(problem, question);
    if (fit.lowerBound !== undefined) {
      const slack = 1e-9 * least + 1e-12 * whole;
      assert.ok(fit.lowerBound <= least + slack, `${what}: the bound ${fit.lowerBound} is above ${least}`);
    }
    if (method !== "exact") continue;
    // What rounding leaves of the response is no gap.
    const size = Math.sqrt(2 * whole), rounding = 1e-12 * whole + 1e-13 * termSize(X, fit) * size;
    const rounded = fit.status === "precision-limit" && fit.objective - fit.lowerBound! <= rounding;
    assert.ok(fit.status === "converged" || rounded, `${what}: ${fit.status} at a gap of ${fit.gap}`);
    assert.ok(fit.objective <= least * (1 + 1.01 * gapTolerance) + 1e-10 * whole, `${what}: not ${least}`);
  }
}

let latest: { readonly size: string; readonly made: ReturnType<typeof makeCorrelated> } | undefined;

/** {@linkcode makeCorrelated}, once for calls that follow one another on data of one size. */
function correlated(rows: number, columns: number) {
  const size = `${rows} x ${columns}`;
  if (latest?.size !== size) latest = { size, made: makeCorrelated(rows, columns) };
  return latest.made;
}

/** Rows of an autoregressive process, and a response of every tenth column: searches find much to do. */
function makeCorrelated(rows: number, columns: number) {
  const random = createRandom(rows + columns), X = matrix(rows, columns), y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0, value = 0; j < columns; j++) {
      value = 0.8 * value + 0.6 * random.normal();
      X.data[i * columns + j] = value;
      if (j % 10 === 0) y[i] += value;
    }
    y[i] += random.normal();
  }
  return { X, y };
}

const sizes = [[300, 200], [1500, 1000], [500, 5000], [20_000, 100]] as const;

/** A call of {@linkcode sparseRegression} under such options. */
function fits(name: string, options: Omit<Parameters<typeof sparseRegression>[2], "lambda0">): Stoppable {
  return {
    name,
    sizes,
    prepare(rows, columns) {
      const { X, y } = correlated(rows, columns);
      return (solve) => sparseRegression(X, y, { lambda0: 0.02 * rows, gapTolerance: 0, ...options, ...solve });
    },
  };
}

/** {@linkcode sparseRegression}. */
export const regression: Subject = {
  ...limits,
  fuzz,
  stops: [
    fits("auto", { lambda2: 0 }),
    fits("coordinate descent", { lambda2: 0.1, method: "coordinate-descent" }),
    fits("local search", { lambda2: 0.1, method: "local-search" }),
    fits("exact, ridge", { lambda2: 10, method: "exact" }),
    fits("exact, no ridge", { lambda2: 0, method: "exact" }),
    fits("exact, non-negative", { lambda2: 10, lower: 0, method: "exact" }),
    {
      name: "half of the features always, between bounds",
      sizes: [[300, 200], [1000, 400], [3000, 2000]],
      // The least of answers has the coefficients of what is always in the support.
      leastMs: (rows, columns) => (rows + columns) * columns ** 2 / 1e7,
      prepare(rows, columns) {
        const { X, y } = correlated(rows, columns), always = Array.from({ length: columns / 2 }, (_, k) => 2 * k);
        return (solve) =>
          sparseRegression(X, y, { lambda0: 0.02 * rows, lambda2: 0, lower: -0.01, upper: 0.01, always, ...solve });
      },
    },
  ],
};

/** {@linkcode sparseRegressionPath}. */
export const regressionPath: Subject = {
  ...limits,
  stops: (["auto", "exact"] as const).map((method) => ({
    name: method,
    sizes,
    prepare(rows, columns) {
      const { X, y } = correlated(rows, columns);
      return (solve) => drain(sparseRegressionPath(X, y, { lambda2: 0.1, method, ...solve }));
    },
  })),
};

/** {@linkcode crossValidateRegression}. */
export const crossValidation: Subject = {
  ...limits,
  stops: [{
    name: "five folds",
    sizes,
    prepare(rows, columns) {
      const { X, y } = correlated(rows, columns);
      return (solve) => crossValidateRegression(X, y, { lambda2: 0.1, ...solve });
    },
  }],
};
