/** Supports to search from: one start is not enough where features are alike. @module */

import type { LeastSquares } from "./least_squares.ts";

/** Features up to which all of them are eliminated backward. */
export const mostEliminated = 300;

/** Share of the mean squared norm that is added to the Gram matrix so that it can be inverted. */
const jitter = 1e-10;

/** Multiply-adds between two checkpoints. */
const workTogether = 1e6;

/** What a backward elimination did: the features in the order in which they left, and what the loss gained each time. */
export interface Elimination {
  readonly order: readonly number[];
  readonly costs: readonly number[];
}

/**
 * The order in which backward elimination from the dense solution drops features, the first dropped first: each time the
 * one without which the loss gains least, all others fitted again. What is always in the support is not dropped.
 *
 * One inverse of the Gram matrix, updated as features leave: O(features^3).
 *
 * @param pause Called every now and then; true once the time is up.
 * @returns Nothing once the time is up.
 */
export async function eliminationOrder(
  problem: LeastSquares,
  lambda2: number,
  pause: () => Promise<boolean>,
): Promise<Elimination | undefined> {
  const { features, squaredNorms, linear, constraints: { isAlways } } = problem;
  const present = Array.from({ length: features }, (_, j) => j).filter((j) => squaredNorms[j] > 0);
  const count = present.length, size = squaredNorms.reduce((sum, norm) => sum + norm, 0) / Math.max(1, count);
  const inverse: Float64Array[] = [];
  if (!await problem.loadRows(present, pause)) return undefined;
  for (const feature of present) {
    const row = await problem.gramRow(feature);
    inverse.push(Float64Array.from(present, (j) => row[j]));
    inverse[inverse.length - 1][inverse.length - 1] += 2 * lambda2 + jitter * size;
  }
  let work = 0;
  const isDue = () => {
    work += count * count;
    if (work < workTogether) return false;
    work = 0;
    return true;
  };
  // Gauss-Jordan sweeps leave the inverse in place (Goodnight 1979); pivots of a positive definite matrix are positive.
  for (let k = 0; k < count; k++) {
    sweep(inverse, k);
    if (isDue() && await pause()) return undefined;
  }
  const coefficients = inverse.map((row) => {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += row[j] * linear[present[j]];
    return sum;
  });
  const inside = new Uint8Array(count).fill(1), order: number[] = [], costs: number[] = [];
  for (;;) {
    let cheapest = -1, least = Infinity;
    for (let k = 0; k < count; k++) {
      if (!inside[k] || isAlways[present[k]]) continue;
      const cost = coefficients[k] ** 2 / inverse[k][k];
      if (cost < least || cheapest < 0) {
        cheapest = k;
        least = cost;
      }
    }
    if (cheapest < 0) return { order, costs };
    const row = inverse[cheapest], pivot = row[cheapest], own = coefficients[cheapest];
    for (let i = 0; i < count; i++) {
      if (!inside[i] || i === cheapest) continue;
      const factor = inverse[i][cheapest] / pivot;
      coefficients[i] -= factor * own;
      for (let j = 0; j < count; j++) inverse[i][j] -= factor * row[j];
    }
    inside[cheapest] = 0;
    order.push(present[cheapest]);
    costs.push(least / 2);
    if (isDue() && await pause()) return undefined;
  }
}

function sweep(matrix: Float64Array[], k: number): void {
  const row = matrix[k], pivot = row[k];
  for (let j = 0; j < row.length; j++) row[j] /= pivot;
  for (let i = 0; i < matrix.length; i++) {
    if (i === k) continue;
    const factor = matrix[i][k];
    if (factor === 0) continue;
    for (let j = 0; j < row.length; j++) matrix[i][j] -= factor * row[j];
    matrix[i][k] = -factor / pivot;
  }
  row[k] = 1 / pivot;
}

/** The features that are left of an elimination where price and loss together are least. */
export function bestOfElimination({ order, costs }: Elimination, lambda0: number, most: number): number[] {
  let sum = 0, least = 0, best = 0;
  for (let count = 1; count <= Math.min(most, order.length); count++) {
    sum += lambda0 - costs[order.length - count];
    if (sum < least) {
      least = sum;
      best = count;
    }
  }
  return order.slice(order.length - best);
}
