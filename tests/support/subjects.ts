/** What random nasty instances are put to: a table of subjects, one a solver. Each is determined by its seed. */

import assert from "node:assert/strict";
import { sparseRegression } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { nastyTable } from "./nasty_data.ts";
import {
  keepsPromises,
  leastBySubsets,
  regressionKeepsPromises,
  type RegressionQuestion,
  termSize,
} from "./promises.ts";

/** Solves the instance of a seed; fails where a promise is not kept, and says which instance it was. */
export type Subject = (seed: number) => Promise<void>;

/** All subjects by name. */
export const subjects: { readonly [name: string]: Subject } = { regression };

/** Relative gap at which `exact` is asked to stop. */
const gapTolerance = 0.01;

async function regression(seed: number): Promise<void> {
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
  for (const method of ["auto", "local-search", "exact"] as const) {
    const what = `regression of seed ${seed}, ${rows} x ${features} with ${kind}, ${method}, ${
      JSON.stringify(question)
    }`;
    const fit = await sparseRegression(X, y, { ...question, method, gapTolerance });
    const problem = regressionKeepsPromises(X, y, question, fit, what);
    keepsPromises(fit, gapTolerance, what);
    if (bounded) continue;
    const least = leastBySubsets(problem, question);
    if (fit.lowerBound !== undefined) {
      // Where the others leave less of a column, its rounding alone moves the loss by more than the slack.
      const optimum = leastBySubsets(problem, question, 1e-7), slack = 1e-9 * optimum + 1e-12 * whole;
      assert.ok(fit.lowerBound <= optimum + slack, `${what}: the bound ${fit.lowerBound} is above ${optimum}`);
    }
    if (method !== "exact") continue;
    // What rounding leaves of the response is no gap.
    const size = Math.sqrt(2 * whole), rounding = 1e-12 * whole + 1e-13 * termSize(X, fit) * size;
    const rounded = fit.status === "precision-limit" && fit.objective - fit.lowerBound! <= rounding;
    assert.ok(fit.status === "converged" || rounded, `${what}: ${fit.status} at a gap of ${fit.gap}`);
    assert.ok(fit.objective <= least * (1 + 1.01 * gapTolerance) + 1e-10 * whole, `${what}: not ${least}`);
  }
}
