/** Supports to search from: one start is not enough where features are alike. @module */

import type { LeastSquares } from "./least_squares.ts";
import type { Elimination } from "./support_rows.ts";

/** Features up to which all of them are eliminated backward. */
export const mostEliminated = 300;

/** Share of the mean squared norm that is added to the Gram matrix so that it can be inverted. */
const jitter = 1e-10;

/**
 * The order in which backward elimination from the dense solution drops features, the first dropped first: each time the
 * one without which the loss gains least, all others fitted again. What is always in the support is not dropped.
 *
 * O(features^3), in one call of a kernel.
 *
 * @param pause Called every now and then; true once the time is up.
 * @returns Nothing once the time is up.
 */
export async function eliminationOrder(
  problem: LeastSquares,
  lambda2: number,
  pause: () => Promise<boolean>,
): Promise<Elimination | undefined> {
  const { features, squaredNorms } = problem;
  const present = Array.from({ length: features }, (_, j) => j).filter((j) => squaredNorms[j] > 0);
  const size = squaredNorms.reduce((sum, norm) => sum + norm, 0) / Math.max(1, present.length);
  if (!await problem.loadRows(present, pause)) return undefined;
  const found = await problem.eliminate(present, 2 * lambda2 + jitter * size);
  await pause();
  return found;
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
