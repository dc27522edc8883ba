/** Supports to search from: one start is not enough where features are alike. @module */

import { createPace, inSteps, type Steps } from "../core/steps.ts";
import type { LeastSquares } from "./least_squares.ts";

/** Features up to which all of them are eliminated backward. */
export const mostEliminated = 300;

/** Share of the mean squared norm that is added to the Gram matrix so that it can be inverted. */
const jitter = 1e-10;

/** What a backward elimination did: the features in the order in which they left, and what the loss gained each time. */
export interface Elimination {
  readonly order: readonly number[];
  readonly costs: readonly number[];
}

/**
 * The order in which backward elimination from the dense solution drops features, the first dropped first: each time the
 * one without which the loss gains least, all others fitted again. What is always in the support is not dropped.
 *
 * One inverse of the Gram matrix, updated as features leave: some `2/3 features^3` multiply-adds, as it is symmetric.
 *
 * @param pause Called every now and then; true once the time is up.
 * @returns Nothing once the time is up.
 */
export async function eliminationOrder(
  problem: LeastSquares,
  lambda2: number,
  pause: () => Promise<boolean>,
): Promise<Elimination | undefined> {
  const { features, squaredNorms, linear } = problem;
  const present = Array.from({ length: features }, (_, j) => j).filter((j) => squaredNorms[j] > 0);
  const count = present.length, size = squaredNorms.reduce((sum, norm) => sum + norm, 0) / Math.max(1, count);
  if (!await problem.loadRows(present, pause)) return undefined;
  const matrix = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const row = await problem.gramRow(present[i]);
    for (let j = 0; j <= i; j++) matrix[i * count + j] = row[present[j]];
    matrix[i * (count + 1)] += 2 * lambda2 + jitter * size;
  }
  return await inSteps(eliminate(matrix, present, Float64Array.from(present, (j) => linear[j]), problem), pause);
}

/** @param matrix Lower triangle of the Gram matrix of the features that are present; used up. */
function* eliminate(
  matrix: Float64Array,
  present: number[],
  linear: Float64Array,
  { constraints: { isAlways } }: LeastSquares,
): Steps<Elimination | undefined> {
  let count = present.length;
  const stride = count, isDue = createPace(), column = new Float64Array(count);
  /** Column `k` of a symmetric matrix whose lower triangle is kept. */
  const takeColumn = (k: number) => {
    for (let i = 0; i <= k; i++) column[i] = matrix[k * stride + i];
    for (let i = k + 1; i < count; i++) column[i] = matrix[i * stride + k];
  };
  // Sweeps leave the negative of the inverse in place, and the matrix symmetric all the way (Goodnight 1979).
  for (let k = 0; k < count; k++) {
    takeColumn(k);
    subtractProduct(matrix, stride, count, column, 1 / column[k]);
    for (let i = 0; i <= k; i++) matrix[k * stride + i] = column[i] / column[k];
    for (let i = k + 1; i < count; i++) matrix[i * stride + k] = column[i] / column[k];
    matrix[k * (stride + 1)] = -1 / column[k];
    if (isDue(count * count / 2) && (yield)) return undefined;
  }
  for (let at = 0; at < matrix.length; at++) matrix[at] = -matrix[at];
  const coefficients = new Float64Array(count), order: number[] = [], costs: number[] = [];
  for (let i = 0; i < count; i++) {
    takeColumn(i);
    for (let j = 0; j < count; j++) coefficients[i] += column[j] * linear[j];
  }
  for (;;) {
    let cheapest = -1, least = Infinity;
    for (let k = 0; k < count; k++) {
      if (isAlways[present[k]]) continue;
      const cost = coefficients[k] ** 2 / matrix[k * (stride + 1)];
      if (cost < least || cheapest < 0) {
        cheapest = k;
        least = cost;
      }
    }
    if (cheapest < 0) return { order, costs };
    order.push(present[cheapest]);
    costs.push(least / 2);
    takeColumn(cheapest);
    const pivot = column[cheapest], own = coefficients[cheapest];
    for (let i = 0; i < count; i++) coefficients[i] -= column[i] / pivot * own;
    subtractProduct(matrix, stride, count, column, 1 / pivot);
    // The last one takes the place of what has left.
    count--;
    for (let i = 0; i < cheapest; i++) matrix[cheapest * stride + i] = matrix[count * stride + i];
    for (let i = cheapest + 1; i < count; i++) matrix[i * stride + cheapest] = matrix[count * stride + i];
    matrix[cheapest * (stride + 1)] = matrix[count * (stride + 1)];
    coefficients[cheapest] = coefficients[count];
    present[cheapest] = present[count];
    if (isDue(count * count / 2) && (yield)) return undefined;
  }
}

/** Subtracts `factor column column^T` from the lower triangle of the first `count` rows. */
function subtractProduct(
  matrix: Float64Array,
  stride: number,
  count: number,
  column: Float64Array,
  factor: number,
): void {
  for (let i = 0; i < count; i++) {
    const scale = factor * column[i];
    if (scale === 0) continue;
    for (let j = 0, at = i * stride; j <= i; j++, at++) matrix[at] -= scale * column[j];
  }
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
