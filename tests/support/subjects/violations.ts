/** Completions by violations as subjects: nasty levels, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { completedMatrix, completeViolations } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { simulateLevels } from "../../solvers/completion/levels.ts";
import { singularValuesOf } from "../../solvers/completion/problems.ts";
import { cutLowRank } from "../../solvers/completion/violations.ts";
import { keepsPromises } from "../promises.ts";
import type { Subject } from "../subject.ts";

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0x5555), rows = 1 + random.integer(12), columns = 1 + random.integer(9);
  const scale = 10 ** (-8 + 16 * random.uniform()), levelCount = 3 + random.integer(4);
  const boundaries = Float64Array.from({ length: levelCount - 1 }, () => random.normal()).sort();
  const share = [0.2, 0.6, 1][random.integer(3)], rank = 1 + random.integer(3);
  const { observed } = simulateLevels({ rows, columns, rank, boundaries: [...boundaries], share, seed });
  if (observed.values.length === 0) return;
  const fit = await completeViolations(observed, {
    boundaries: boundaries.map((value) => scale * value),
    holdout: [0, 0.1, 0.5][random.integer(3)],
    maxIterations: 200,
    ...random.uniform() < 0.5 && { offsets: random.uniform() < 0.5 },
  });
  const what = `bins of seed ${seed}, ${rows} x ${columns}, scale ${scale}`;
  keepsPromises(fit, 0, what);
  const low = completedMatrix({ left: fit.left, right: fit.right }), { width, threshold } = fit;
  let objective = singularValuesOf(low.data, rows, columns).reduce(
    (sum, s) => sum - (width > 0 ? Math.expm1(-s * s / (2 * width * width)) : 0),
    0,
  );
  fit.predict(observed.rows, observed.columns).values.forEach((value, e) => {
    const level = observed.values[e];
    const v = Math.max(
      0,
      value - scale * (boundaries[level] ?? Infinity),
      scale * (boundaries[level - 1] ?? -Infinity) - value,
    );
    const price = v <= threshold ? v * v / 2 : threshold * (v - threshold / 2);
    if (width > 0) objective += 2 * (price / width / width);
  });
  assert.ok(
    Math.abs(objective - fit.objective) <= 1e-7 * objective + 1e-12,
    `${what}: ${fit.objective}, in truth ${objective}`,
  );
}

/** {@linkcode completeViolations}. */
export const violations: Subject = {
  fuzz,
  instances: 100,
  stops: [{
    name: "bins",
    sizes: [[150, 100], [600, 600], [6000, 1500]],
    prepare(rows, columns) {
      const share = rows > 2000 ? 0.02 : 0.3;
      const { observed, boundaries } = cutLowRank({ rows, columns, rank: 3, share, seed: 1, noise: 0.1 });
      return (solve) => completeViolations(observed, { boundaries, ...solve });
    },
  }],
};
