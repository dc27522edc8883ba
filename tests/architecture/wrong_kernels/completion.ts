/** Completed matrices. @module */

import assert from "node:assert/strict";
import * as minima from "../../../mod.ts";
import { lowRank, objectiveOf } from "../../solvers/completion/problems.ts";
import { type Check, near, place, trueOf } from "./check.ts";

/** The checks. */
export const completionChecks: Record<string, Record<string, Check>> = {};

const ratings = lowRank(14, 11, 2, 0.7, 1, 0.2).observed, few = { maxIterations: 60, innerIterations: 2 } as const;

/** What a completion says of its objective, its residual, its singular values and its rank. */
function completionTrue(fit: minima.CompletedMatrix): void {
  trueOf(fit, objectiveOf(fit, ratings));
  const predicted = fit.predict(ratings.rows, ratings.columns);
  const squares = ratings.values.reduce((sum, value, e) => sum + (value - predicted[e]) ** 2, 0);
  near("the residual", fit.residual, Math.sqrt(squares / predicted.length));
  assert.deepEqual([fit.left.shape[1], fit.right.shape[1], fit.singularValues.length], [fit.rank, fit.rank, fit.rank]);
}

completionChecks.completeMatrix = {};
for (const method of ["srf", "soft-impute"] as const) {
  for (const holdout of [0, 0.2]) {
    const price = method === "soft-impute" && holdout === 0 ? { lambda: 1 } : {};
    completionChecks.completeMatrix[`${method}, ${holdout} held out`] = async () => {
      completionTrue(await minima.completeMatrix(ratings, { method, holdout, ...price, ...few, ...place }));
    };
  }
}
completionChecks.completeMatrixPath = {
  srf: async () => {
    for await (const point of minima.completeMatrixPath(ratings, { holdout: 0, count: 4, ...few, ...place })) {
      completionTrue(point);
    }
  },
};
const completed = await minima.completeMatrix(ratings, { ...few, backend: "wasm" });
completionChecks.updateCompletion = {
  srf: async () => completionTrue(await minima.updateCompletion(completed, ratings, { ...few, ...place })),
};
