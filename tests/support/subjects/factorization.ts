/** Factorisations as subjects: nasty tables, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import {
  archetypalNmf,
  type ArchetypalNmfCall,
  archetypalNmfPath,
  type Matrix,
  matrix,
  nmf,
  projectOntoArchetypes,
} from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { archetypalSamples, residualSquares, squares } from "../../solvers/factorization/data.ts";
import { nastyTable } from "../nasty_data.ts";
import { drain, type Stoppable, type Subject } from "../subject.ts";

/** A nasty table without signs. */
function nastySamples(seed: number): { X: Matrix; kind: string } {
  const random = createRandom(seed ^ 0x3333), rows = 1 + random.integer(20), columns = 1 + random.integer(8);
  const { samples, kind } = nastyTable(Math.max(2, rows), columns, seed);
  return { X: { ...samples, data: samples.data.map(Math.abs) }, kind };
}

async function fuzzArchetypes(seed: number): Promise<void> {
  const { X, kind } = nastySamples(seed), random = createRandom(seed), [samples, features] = X.shape;
  const rank = 1 + random.integer(Math.min(samples, 5)), lambda = [0, 1e-3, 1, 50, Infinity][random.integer(5)];
  const sparse = lambda < Infinity && random.uniform() < 0.4;
  const options: ArchetypalNmfCall = {
    rank,
    lambda,
    nonzeros: sparse ? random.integer(rank * features + 1) : undefined,
    initial: (["affine", "spa", "furthest-sum", "random"] as const)[random.integer(4)],
    innerIterations: 1 + random.integer(6),
    maxIterations: 40,
    localSearch: sparse && random.uniform() < 0.3,
  };
  const what = `factorisation of seed ${seed}, ${samples} x ${features} with ${kind}, ${JSON.stringify(options)}`;
  const { archetypes, weights, hullWeights, objective, trace, nonzeroCount, gap } = await archetypalNmf(X, options);
  const fit = residualSquares(X, weights, archetypes), archetypal = residualSquares(archetypes, hullWeights, X);
  const truth = fit + (lambda === Infinity ? 0 : lambda * archetypal);
  const size = squares(X) + (lambda === Infinity ? 0 : lambda * squares(archetypes));
  assert.ok(Math.abs(objective - truth) <= 1e-11 * size, `${what}: ${objective}, in truth ${truth}`);
  assert.ok(gap >= 0 && nonzeroCount <= (options.nonzeros ?? Infinity), `${what}: ${gap}, ${nonzeroCount}`);
  trace.forEach((value, i) => {
    assert.ok(i === 0 || value <= trace[i - 1] + 1e-12 * size, `${what}: ${trace[i - 1]}, then ${value}`);
  });
  for (const { data, shape: [rows, columns] } of [weights, hullWeights]) {
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += data[i * columns + j];
      assert.ok(Math.abs(sum - 1) <= 1e-12, `${what}: weights that sum to ${sum}`);
    }
  }
}

async function fuzzFactors(seed: number): Promise<void> {
  const { X, kind } = nastySamples(seed), random = createRandom(seed), [samples, features] = X.shape;
  const rank = 1 + random.integer(6), weighted = random.uniform() < 0.3;
  const weights = weighted ? Float64Array.from(X.data, () => random.integer(3)) : undefined;
  const initial = (["nndsvda", "nndsvd", "random"] as const)[random.integer(3)];
  const what = `factors of seed ${seed}, ${samples} x ${features} with ${kind}, rank ${rank}, ${initial}`;
  const answer = await nmf(X, { rank, initial, weights, maxIterations: 60 });
  const truth = residualSquares(X, answer.weights, answer.components, weights);
  assert.ok(Math.abs(answer.objective - truth) <= 1e-11 * (squares(X) + truth), `${what}: not ${truth}`);
  answer.trace.forEach((value, i) => {
    assert.ok(i === 0 || value <= answer.trace[i - 1] + 1e-12 * squares(X), `${what}: rises to ${value}`);
  });
}

const sizes = [[60, 200], [400, 2000], [3000, 500], [12_000, 100]] as const;

function stops(name: string, call: (X: Matrix, solve: object) => Promise<unknown>): Stoppable {
  return {
    name,
    sizes,
    prepare(rows, columns) {
      const { X } = archetypalSamples([rows, columns, 8], 0.1, { dtype: "f32" });
      return (solve) => call(X, solve);
    },
  };
}

/** {@linkcode archetypalNmf}. */
export const archetypes: Subject = {
  fuzz: fuzzArchetypes,
  instances: 100,
  stops: [
    stops("descent", (X, solve) => archetypalNmf(X, { rank: 8, tolerance: 0, ...solve })),
    stops("archetypal analysis", (X, solve) => archetypalNmf(X, { rank: 8, lambda: Infinity, tolerance: 0, ...solve })),
    stops(
      "local search",
      (X, solve) => archetypalNmf(X, { rank: 8, nonzeros: 4 * X.shape[1], localSearch: true, ...solve }),
    ),
  ],
};

/** {@linkcode archetypalNmfPath}. */
export const archetypalPath: Subject = {
  stops: [stops("ranks", (X, solve) => drain(archetypalNmfPath(X, { ranks: [2, 4, 6, 8], tolerance: 0, ...solve })))],
};

/** {@linkcode nmf}. */
export const factors: Subject = {
  fuzz: fuzzFactors,
  instances: 100,
  stops: [stops("descent", (X, solve) => nmf(X, { rank: 8, tolerance: 0, ...solve }))],
};

/** {@linkcode projectOntoArchetypes}. */
export const projection: Subject = {
  stops: [stops("simplex", (X, solve) => {
    const columns = X.shape[1], H = matrix(8, columns, X.data.slice(0, 8 * columns));
    return projectOntoArchetypes(X, H, { tolerance: 0, ...solve });
  })],
};
