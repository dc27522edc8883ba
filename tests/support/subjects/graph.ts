/** Sparse precision matrices as subjects: nasty tables against all graphs, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { DataError, matrix, type SparsePrecision, sparsePrecision, sparsePrecisionPath } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { leastObjective } from "../../solvers/graph/support_minimum.ts";
import { correlations, isAtMinimum } from "../graph_promises.ts";
import { nastyTable } from "../nasty_data.ts";
import { keepsPromises } from "../promises.ts";
import { drain, type Stoppable, type Subject } from "../subject.ts";

/** Work between two checkpoints: about one look at all data, and some 100 ms of kernels. */
const limits = { mostBlocks: 5e6, mostOperations: 1.5e8 };

/** Relative gap at which `exact` is asked to stop. */
const gapTolerance = 1e-6;

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed), size = 1 + random.integer(4);
  const { samples, kind } = nastyTable(2 + random.integer(30), size, seed);
  const lambda0 = 10 ** (-3 + 3 * random.uniform()), lambda2 = [1e-4, 0.01, 1][random.integer(3)];
  const evaluation = (["auto", "products", "neighbours", "residuals"] as const)[random.integer(4)];
  const options = { lambda0, lambda2, standardize: true, evaluation };
  const what = `graph of seed ${seed}, ${samples.shape.join(" x ")} with ${kind}, ${JSON.stringify(options)}`;
  let exact: SparsePrecision;
  try {
    exact = await sparsePrecision(samples, { ...options, method: "exact", gapTolerance });
  } catch (error) {
    assert.ok(error instanceof DataError && /no variance/.test(error.message), `${what}: ${error}`);
    return;
  }
  const S = correlations(samples), least = leastObjective(S, lambda0, lambda2);
  // Half of what differs is the gap, the other what rounding leaves of columns that hardly differ.
  const open = gapTolerance * Math.abs(least) + 1e-7 * (1 + Math.abs(least));
  assert.ok(Math.abs(exact.objective - least) <= open, `${what}: ${exact.objective}, not ${least}`);
  assert.ok(exact.status === "converged", `${what}: ${exact.status} at a gap of ${exact.gap}`);
  const auto = await sparsePrecision(samples, options);
  // The distance from the empty graph is what is to be found.
  assert.ok(auto.objective <= least + 0.005 * (size - least) + open, `${what}: auto ${auto.objective}, not ${least}`);
  for (const [fit, tolerance] of [[exact, gapTolerance], [auto, 0.01]] as const) {
    keepsPromises(fit, tolerance, what);
    isAtMinimum(S, fit, lambda0, lambda2, what);
    const isBelow = fit.lowerBound === undefined || fit.lowerBound <= least + 1e-9 * (1 + Math.abs(least));
    assert.ok(isBelow, `${what}: the bound ${fit.lowerBound} is above ${least}`);
  }
}

/** Rows of an autoregressive process: each variable knows its neighbours. */
function correlated(rows: number, columns: number) {
  const random = createRandom(rows + columns), samples = matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0, value = 0; j < columns; j++) {
      samples.data[i * columns + j] = value = 0.8 * value + 0.6 * random.normal();
    }
  }
  return samples;
}

const sizes = [[200, 100], [500, 200], [1000, 1000], [200, 2000]] as const;

/** A call of {@linkcode sparsePrecision} under such options. */
function graphs(
  name: string,
  options: Omit<Parameters<typeof sparsePrecision>[1], "lambda0" | "lambda2">,
): Stoppable {
  return {
    name,
    sizes,
    prepare(rows, columns) {
      const samples = correlated(rows, columns);
      return (solve) =>
        sparsePrecision(samples, { lambda0: 0.01, lambda2: 0.05, gapTolerance: 0, ...options, ...solve });
    },
  };
}

/** {@linkcode sparsePrecision}. */
export const graph: Subject = {
  ...limits,
  fuzz,
  instances: 500,
  stops: [
    graphs("auto", {}),
    {
      ...graphs("auto, many variables", {}),
      sizes: [[100, 2600], [100, 3000], [1000, 5000], [100, 8000]],
      // Data are read to the end, and the least of answers is judged by plain sums over them.
      leastMs: (rows, columns) => rows * columns / 3e4,
    },
    {
      name: "auto, a covariance matrix",
      sizes: [[200, 500], [200, 1000], [200, 3000]],
      prepare(sampleCount, columns) {
        // Positive definite, for the function of the distance is convex (Polya's criterion).
        const covariance = matrix(columns, columns);
        for (let i = 0, at = 0; i < columns; i++) {
          for (let j = 0; j < columns; j++, at++) covariance.data[at] = 1 / (1 + Math.abs(i - j));
        }
        return (solve) => sparsePrecision({ covariance, sampleCount }, { lambda0: 0.01, lambda2: 0.05, ...solve });
      },
    },
    // A bound is a sum over all pairs.
    { ...graphs("exact", { method: "exact" }), leastMs: (_, columns) => columns ** 2 / 1e5 },
    graphs("exact, neighbours", { method: "exact", evaluation: "neighbours" }),
    {
      ...graphs("exact, residuals", { method: "exact", evaluation: "residuals" }),
      // A bound is a sum over all pairs of columns, each pair a product of theirs.
      leastMs: (rows, columns) => rows * columns ** 2 / 3e6,
    },
  ],
};

/** {@linkcode sparsePrecisionPath}. */
export const graphPath: Subject = {
  ...limits,
  stops: [{
    name: "auto",
    sizes,
    prepare(rows, columns) {
      const samples = correlated(rows, columns);
      return (solve) => drain(sparsePrecisionPath(samples, { lambda2: 0.05, ...solve }));
    },
  }],
};
