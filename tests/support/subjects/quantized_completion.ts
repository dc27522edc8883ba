/** Quantized completions as subjects: nasty levels, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { chooseQuantized, completeQuantized, completeQuantizedPath } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { quantizedObjective, simulateLevels } from "../../solvers/completion/levels.ts";
import { manyRatings } from "../../solvers/completion/problems.ts";
import { keepsPromises } from "../promises.ts";
import { drain, type Subject } from "../subject.ts";
import type { SolveOptions } from "../../../solvers/core/solve_options.ts";

/** Passes over entries alone, of which nothing of this size must be without a checkpoint. */
const mostBlocks = 2e7;

/** Ten levels a row: 300,000 of them where work is counted. */
const manySizes = [[1000, 500], [30_000, 5000], [200_000, 5000]] as const;

/** A look at every level, and the certificate of offsets alone. */
const leastOfMany = (rows: number) => 10 * rows * 5e-4;

function manyLevels(rows: number, columns: number) {
  const ratings = manyRatings(rows, columns, 10, 1);
  return { ...ratings, values: ratings.values.map((value) => Math.min(2, Math.max(0, Math.floor(value) - 2))) };
}

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0x3333), rows = 1 + random.integer(12), columns = 1 + random.integer(9);
  const scale = 10 ** (-3 + 5 * random.uniform()), levelCount = 2 + random.integer(4);
  const boundaries = Float64Array.from({ length: levelCount - 1 }, () => scale * random.normal()).sort();
  if (boundaries.some((value, k) => k > 0 && !(value > boundaries[k - 1]))) return;
  const share = [0.2, 0.6, 1][random.integer(3)];
  const { observed } = simulateLevels({
    rows,
    columns,
    rank: 1 + random.integer(3),
    boundaries: [...boundaries],
    share,
    seed,
  });
  if (observed.values.length === 0) return;
  const lambda = 10 ** (-2 + 3 * random.uniform()), offsetPenalty = 10 ** (-2 + 2 * random.uniform());
  const offsets = random.uniform() < 0.6, objectives: number[] = [], bounds: number[] = [];
  for (const method of ["auto", "alternating", "alm"] as const) {
    const what = `levels of seed ${seed}, ${rows} x ${columns}, ${method}, lambda ${lambda}`;
    const options = { lambda, offsetPenalty, offsets, boundaries, method, maxIterations: 200, rank: 3 };
    const fit = await completeQuantized(observed, options);
    keepsPromises(fit, 1e-6, what);
    const objective = quantizedObjective(fit, observed, { lambda, offsetPenalty });
    if (Number.isFinite(objective)) {
      assert.ok(Math.abs(objective - fit.objective) <= 1e-7 * (1 + fit.objective), `${what}: ${objective}`);
    }
    objectives.push(fit.objective);
    bounds.push(fit.lowerBound);
  }
  const least = Math.min(...objectives), highest = Math.max(...bounds);
  assert.ok(highest <= least * (1 + 1e-9), `levels of seed ${seed}: a bound of ${highest} above ${least}`);
}

/** {@linkcode completeQuantized}. */
export const quantizedCompletion: Subject = {
  fuzz,
  instances: 100,
  mostBlocks,
  stops: [
    ...(["alternating", "alm", "proximal-gradient"] as const).map((method) => ({
      name: method,
      sizes: method === "proximal-gradient"
        ? [[80, 60], [400, 300]] as const
        : [[80, 60], [1000, 400], [6000, 1500]] as const,
      prepare(rows: number, columns: number) {
        const share = rows > 2000 ? 0.02 : 0.3;
        const { observed } = simulateLevels({ rows, columns, rank: 3, boundaries: [-1, 1], share, seed: 1 });
        return (solve: SolveOptions) =>
          completeQuantized(observed, { lambda: 4, boundaries: [-1, 1], method, ...solve });
      },
    })),
    {
      name: "many levels",
      sizes: manySizes,
      leastMs: leastOfMany,
      prepare(rows, columns) {
        const observed = manyLevels(rows, columns);
        return (solve) => completeQuantized(observed, { lambda: 10, ...solve });
      },
    },
  ],
};

const sizes = [[80, 60], [1000, 400]] as const;
const levelsOf = (rows: number, columns: number) =>
  simulateLevels({ rows, columns, rank: 3, boundaries: [-1, 1], share: 0.3, seed: 1 }).observed;

/** {@linkcode completeQuantizedPath}. */
export const quantizedPath: Subject = {
  stops: [{
    name: "path",
    sizes,
    prepare(rows, columns) {
      const observed = levelsOf(rows, columns);
      return (solve) => drain(completeQuantizedPath(observed, { boundaries: [-1, 1], ...solve }));
    },
  }],
};

/** {@linkcode chooseQuantized}. */
export const quantizedChoice: Subject = {
  mostBlocks,
  stops: [
    {
      name: "choice",
      sizes,
      prepare(rows, columns) {
        const observed = levelsOf(rows, columns);
        return async (solve) => (await chooseQuantized(observed, solve)).fit;
      },
    },
    {
      name: "many levels",
      sizes: manySizes,
      leastMs: leastOfMany,
      prepare(rows, columns) {
        const observed = manyLevels(rows, columns);
        return async (solve) => (await chooseQuantized(observed, solve)).fit;
      },
    },
  ],
};
