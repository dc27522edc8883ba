/** Factors and archetypes. @module */

import assert from "node:assert/strict";
import * as minima from "../../../mod.ts";
import { matrix } from "../../../mod.ts";
import { archetypalSamples, residualSquares, squares } from "../../solvers/factorization/data.ts";
import { accuracy, type Check, near, place } from "./check.ts";

/** The checks. */
export const factorizationChecks: Record<string, Record<string, Check>> = {};

const mixtures = archetypalSamples([12, 8, 3], 0.1, { separable: false }).X;

/** Archetypes of few entries, and how near right kernels bring them to the hull of the samples. */
const sparse = { rank: 3, nonzeros: 4, maxIterations: 5 } as const;
const nearest = (await minima.archetypalNmf(mixtures, { ...sparse, lambda: 1e6 })).archetypal;

/** Whether factors are what is said of them. */
function factorsTrue(answer: minima.ArchetypalNmf, lambda: number): void {
  const { archetypes, weights, hullWeights } = answer;
  const fit = residualSquares(mixtures, weights, archetypes);
  const archetypal = residualSquares(archetypes, hullWeights, mixtures), size = squares(mixtures);
  const close = (what: string, a: number, b: number) =>
    assert.ok(Math.abs(a - b) <= accuracy * size, `${what} is ${a}`);
  close("the fit", answer.fit, fit);
  close("the archetypal term", answer.archetypal, archetypal);
  close("the objective", answer.objective, fit + (lambda === Infinity ? 0 : lambda * archetypal));
  near("the relative error", answer.relativeError, Math.sqrt(fit / size));
  assert.ok((answer.archetypalBound ?? 0) <= nearest, `${answer.archetypalBound} is no bound on ${nearest}`);
  assert.equal(answer.nonzeroCount, archetypes.data.filter((value) => value !== 0).length);
}

const factorisations: [string, minima.ArchetypalNmfCall][] = [
  ["dense", { rank: 3 }],
  ["budget, with local search", { rank: 3, nonzeros: 14, localSearch: true, maxIterations: 2, timeLimitMs: 100 }],
  ["few entries, with a bound", { ...sparse, archetypalBound: true }],
  ["archetypal analysis", { rank: 3, lambda: Infinity }],
];
factorizationChecks.archetypalNmf = Object.fromEntries(
  factorisations.map(([name, options]) => [name, async () => {
    const limits = { ...place, maxIterations: 30, ...options };
    factorsTrue(await minima.archetypalNmf(mixtures, limits), options.lambda ?? 1);
  }]),
);
factorizationChecks.archetypalNmfPath = {
  ranks: async () => {
    const options = { ...place, ranks: [2], holdout: 0, maxIterations: 20 };
    for await (const point of minima.archetypalNmfPath(mixtures, options)) factorsTrue(point, 1);
  },
};
factorizationChecks.nmf = Object.fromEntries(
  [undefined, Float64Array.from(mixtures.data, (_, at) => at % 5 / 2)].map((weights) => [
    weights ? "weighted" : "plain",
    async () => {
      const answer = await minima.nmf(mixtures, { ...place, rank: 3, weights, maxIterations: 30 });
      const objective = residualSquares(mixtures, answer.weights, answer.components, weights);
      assert.ok(Math.abs(answer.objective - objective) <= accuracy * squares(mixtures), `${answer.objective}`);
    },
  ]),
);
factorizationChecks.projectOntoArchetypes = {
  simplex: async () => {
    const H = matrix(3, 8, mixtures.data.slice(0, 24)), [samples] = mixtures.shape;
    const weights = await minima.projectOntoArchetypes(mixtures, H, place), { data } = weights;
    for (let i = 0; i < samples; i++) {
      const row = data.subarray(3 * i, 3 * i + 3);
      assert.ok(Math.abs(row[0] + row[1] + row[2] - 1) <= 1e-12 && row.every((value) => value >= 0), `${row}`);
    }
    const equal = matrix(samples, 3, new Float64Array(3 * samples).fill(1 / 3));
    const worst = residualSquares(mixtures, equal, H);
    assert.ok(residualSquares(mixtures, weights, H) <= worst * (1 + accuracy), "worse than equal weights");
  },
};
