/** Completed matrices of levels. @module */

import assert from "node:assert/strict";
import * as minima from "../../../mod.ts";
import { quantizedObjective, simulateLevels } from "../../solvers/completion/levels.ts";
import { singularValuesOf } from "../../solvers/completion/problems.ts";
import { cutLowRank } from "../../solvers/completion/violations.ts";
import { type Check, near, place, trueOf } from "./check.ts";

/** The checks. */
export const levelChecks: Record<string, Record<string, Check>> = {};

const levelled =
  simulateLevels({ rows: 12, columns: 9, rank: 1, boundaries: [-1, 1], share: 0.7, offsets: 1, seed: 3 }).observed;
const levelPenalties = { lambda: 1.5, offsetPenalty: 0.5 };
const leastLevels = (await minima.completeQuantized(levelled, {
  ...levelPenalties,
  boundaries: [-1, 1],
  method: "proximal-gradient",
  tolerance: 1e-8,
})).objective;
levelChecks.completeQuantized = Object.fromEntries(
  (["proximal-gradient", "alternating", "alm"] as const).map((method) => [method, async () => {
    const options = { ...levelPenalties, ...place, boundaries: [-1, 1], method, maxIterations: 300, rank: 4 };
    const fit = await minima.completeQuantized(levelled, options);
    trueOf(fit, quantizedObjective(fit, levelled, levelPenalties), leastLevels * (1 + 1e-7), 1e-6);
    assert.equal(fit.certified, fit.gap <= 1e-6);
  }]),
);

levelChecks.completeQuantizedPath = {
  path: async () => {
    const options = {
      offsetPenalty: 0.5,
      ...place,
      boundaries: [-1, 1],
      lambdas: [3, 1.5],
      holdout: 0,
      maxIterations: 300,
    };
    for await (const fit of minima.completeQuantizedPath(levelled, options)) {
      const optimum = fit.lambda === 1.5 ? leastLevels * (1 + 1e-7) : Infinity;
      trueOf(fit, quantizedObjective(fit, levelled, { lambda: fit.lambda, offsetPenalty: 0.5 }), optimum, 1e-6);
      assert.equal(fit.certified, fit.gap <= 1e-6);
    }
  },
};
levelChecks.chooseQuantized = {
  choice: async () => {
    const options = {
      offsetPenalty: 0.5,
      ...place,
      boundaries: [-1, 1],
      count: 4,
      lambdaDecay: 0.5,
      maxIterations: 300,
    };
    const { fit, lambda } = await minima.chooseQuantized(levelled, options);
    trueOf(fit, quantizedObjective(fit, levelled, { lambda, offsetPenalty: 0.5 }), Infinity, 1e-6);
    assert.equal(fit.certified, fit.gap <= 1e-6);
  },
};

const cut = cutLowRank({ rows: 14, columns: 11, rank: 2, share: 0.7, seed: 1 });
levelChecks.completeViolations = Object.fromEntries(
  [0, 0.2].map((holdout) => [`${holdout} held out`, async () => {
    const { boundaries } = cut,
      fit = await minima.completeViolations(cut.observed, {
        boundaries,
        holdout,
        maxIterations: 60,
        innerIterations: 2,
        ...place,
      });
    const { data } = minima.completedMatrix({ left: fit.left, right: fit.right }), { width, threshold } = fit;
    let truth = singularValuesOf(data, 14, 11).reduce((sum, s) => sum - Math.expm1(-s * s / (2 * width ** 2)), 0);
    let largest = 0;
    fit.predict(cut.observed.rows, cut.observed.columns).values.forEach((value, e) => {
      const level = cut.observed.values[e];
      const v = Math.max(0, value - (boundaries[level] ?? Infinity), (boundaries[level - 1] ?? -Infinity) - value);
      largest = Math.max(largest, v);
      truth += 2 / width ** 2 * (v <= threshold ? v * v / 2 : threshold * (v - threshold / 2));
    });
    trueOf(fit, width > 0 ? truth : 0);
    near("the largest violation", fit.largestViolation, largest);
  }]),
);
