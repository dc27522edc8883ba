/** Matrix completion as a subject: nasty tables with blanks, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { completeMatrix, completeMatrixPath, observedEntries, updateCompletion } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { lowRank, manyRatings, objectiveOf } from "../../solvers/completion/problems.ts";
import { nastyTable } from "../nasty_data.ts";
import { keepsPromises } from "../promises.ts";
import { drain, type Stoppable, type Subject } from "../subject.ts";

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0x3c3c), rows = 1 + random.integer(16), columns = 1 + random.integer(9);
  const { samples, kind } = nastyTable(rows, columns, seed), share = random.uniform();
  const table = { ...samples, data: samples.data.map((value) => random.uniform() < share ? NaN : value) };
  const { values, ...places } = observedEntries(table);
  if (values.length === 0) return;
  const observed = {
    shape: places.shape,
    rows: [...places.rows],
    columns: [...places.columns],
    values: [...values],
  };
  const method = random.uniform() < 0.5 ? "srf" : "soft-impute" as const, size = Math.hypot(...values);
  const options = {
    method,
    maxIterations: 120,
    innerIterations: 1 + random.integer(8),
    ...random.uniform() < 0.5 && { offsets: random.uniform() < 0.5 },
    ...method === "soft-impute" || random.uniform() < 0.3
      ? { holdout: 0, ...method === "soft-impute" && { lambda: (size || 1) * (1 - random.uniform()) } }
      : {},
  } as const;
  const what = `completion of seed ${seed}, ${rows} x ${columns} with ${kind}, ${JSON.stringify(options)}`;
  const fit = await completeMatrix(observed, options);
  keepsPromises(fit, 0, what);
  const truth = objectiveOf(fit, observed),
    least = 1e-9 * Math.abs(truth) + 1e-12 * (method === "srf" ? 1 : size * size);
  assert.ok(Math.abs(fit.objective - truth) <= least, `${what}: ${fit.objective}, not ${truth}`);
  assert.ok(fit.rank <= Math.min(rows, columns) && fit.singularValues.length === fit.rank, what);
  assert.ok(fit.predict([rows - 1], [columns - 1]).every(Number.isFinite), what);
  if (fit.holdout) assert.ok(fit.holdout.error <= fit.holdout.baseline, `${what}: worse than nothing`);
}

const sizes = [[150, 100], [1000, 120], [600, 600], [6000, 1500]] as const;

/** A call under such options. */
function completes(name: string, options: Parameters<typeof completeMatrix>[1]): Stoppable {
  return {
    name,
    sizes,
    prepare(rows, columns) {
      const { observed } = lowRank(rows, columns, 3, rows * columns > 1e6 ? 0.02 : 0.3, 1, 0.1);
      return (solve) => completeMatrix(observed, { ...options, ...solve });
    },
  };
}

/** Passes over entries alone, of which nothing of this size must be without a checkpoint. */
const mostBlocks = 2e7;

/** {@linkcode completeMatrix}. */
export const completion: Subject = {
  fuzz,
  instances: 150,
  mostBlocks,
  stops: [
    completes("srf", {}),
    completes("soft-impute", { method: "soft-impute" }),
    {
      name: "many entries",
      sizes: [[1000, 500], [60_000, 5000], [200_000, 5000]],
      // A look at every entry, its offsets, and the residual.
      leastMs: (rows) => 10 * rows * 3e-4,
      prepare(rows, columns) {
        const observed = manyRatings(rows, columns, 10, 1);
        return (solve) => completeMatrix(observed, solve);
      },
    },
    {
      name: "all singular values",
      sizes: [[60, 40], [400, 300], [1500, 1200]],
      prepare(rows, columns) {
        const { observed } = lowRank(rows, columns, 3, 0.5, 1, 0.1);
        return (solve) => completeMatrix(observed, { rankLimit: columns, ...solve });
      },
    },
  ],
};

/** {@linkcode completeMatrixPath}. */
export const completionPath: Subject = {
  stops: [{
    name: "srf",
    sizes,
    prepare(rows, columns) {
      const { observed } = lowRank(rows, columns, 3, rows * columns > 1e6 ? 0.02 : 0.3, 1, 0.1);
      return (solve) => drain(completeMatrixPath(observed, solve));
    },
  }],
};

/** {@linkcode updateCompletion}. */
export const completionUpdate: Subject = {
  stops: [{
    name: "srf",
    sizes,
    prepare(rows, columns) {
      const { observed } = lowRank(rows, columns, 3, rows * columns > 1e6 ? 0.02 : 0.3, 1, 0.1);
      const fit = completeMatrix(observed, { holdout: 0, maxIterations: 1 });
      return async (solve) => await updateCompletion(await fit, observed, { tolerance: 0, ...solve });
    },
  }],
};
