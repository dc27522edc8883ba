/** What graphs promise, checked against the data alone. @module */

import assert from "node:assert/strict";
import { graphEdges, type Matrix, matrix, type SparsePrecision, toDense } from "../../mod.ts";
import { covariance, graphObjective } from "../solvers/graph/best_graph.ts";
import { gradientOn, type Pair } from "../solvers/graph/support_minimum.ts";

/** Covariances of columns scaled to variance 1. */
export function correlations(samples: Matrix): number[][] {
  // Twice about the mean: what a large mean hides of itself at first is left for the second time.
  const [count, size] = samples.shape, means = new Float64Array(size);
  samples.data.forEach((value, at) => means[at % size] += value / count);
  const S = covariance(matrix(count, size, Float64Array.from(samples.data, (value, at) => value - means[at % size])));
  return S.map((row, i) => row.map((value, j) => i === j ? 1 : value / Math.sqrt(S[i][i] * S[j][j])));
}

export function rowsOf({ precision }: SparsePrecision): number[][] {
  const { data, shape: [size] } = toDense(precision);
  return Array.from({ length: size }, (_, i) => [...data.subarray(i * size, (i + 1) * size)]);
}

export function pairsOf({ precision }: SparsePrecision): Pair[] {
  return graphEdges(precision).map(({ ends: [i, j] }) => [i, j]);
}

/** The objective is that of the matrix, and no change along its edges or its diagonal lowers it, to rounding. */
export function isAtMinimum(S: number[][], fit: SparsePrecision, lambda0: number, lambda2: number, what: string): void {
  const T = rowsOf(fit), objective = graphObjective(S, T, lambda0, lambda2);
  const terms = T.reduce(
    (sum, row, i) => sum + row.reduce((all, t, j) => all + Math.abs(t) * Math.sqrt(S[j][j]), 0) ** 2 / T[i][i],
    1,
  );
  assert.ok(
    Math.abs(objective - fit.objective) <= 1e-12 * terms,
    `${what}: the objective is ${objective}, not ${fit.objective}`,
  );
  const edges = pairsOf(fit), gradient = gradientOn(S, T, edges, lambda2);
  gradient.forEach((value, k) => {
    const [i, j] = k < T.length ? [k, k] : edges[k - T.length];
    // What a derivative is a sum of.
    const size = T[i].reduce((sum, t, v) => sum + Math.abs(t * S[v][j]), 0) / T[i][i] +
      T[j].reduce((sum, t, v) => sum + Math.abs(t * S[v][i]), 0) / T[j][j];
    assert.ok(Math.abs(value) <= 1e-9 * size, `${what}: the derivative along ${i}, ${j} is ${value}, of terms ${size}`);
  });
}
