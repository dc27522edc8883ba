import { createPace, type Steps } from "../core/steps.ts";
import type { SupportView } from "./support_view.ts";
import type { Task } from "./task.ts";

/** A change of the support: one feature enters, one leaves, or both. */
export interface Move {
  /** Feature that leaves, or -1. */
  readonly leaving: number;
  /** Feature that enters, or -1. */
  readonly entering: number;
  /** What the objective loses when all other coefficients are fitted again. */
  readonly gain: number;
}

/** Moves that are offered where bounds may forbid the best. */
const mostOffers = 8;

/** What the loss gains when a feature leaves, the others fitted again; 0 for one that depends on others. */
export function lossWithout({ coefficients, variances }: SupportView, i: number): number {
  return variances[i] > 0 ? coefficients[i] ** 2 / (2 * variances[i]) : 0;
}

/** The most that the loss falls when one feature enters, all fitted again: the price at which it does. */
export function bestEntry(
  { inside, correlations, curvatures }: SupportView,
  { problem: { constraints: { lower, upper } } }: Task,
): { entering: number; fall: number } {
  let entering = -1, fall = 0;
  for (let j = 0; j < curvatures.length; j++) {
    if (inside[j] || curvatures[j] === 0) continue;
    const own = fallWithin(correlations[j], curvatures[j], lower[j], upper[j]);
    if (own > fall) {
      fall = own;
      entering = j;
    }
  }
  return { entering, fall };
}

/** Decrease of `curvature x^2 / 2 - derivative x` at its best within bounds. */
function fallWithin(derivative: number, curvature: number, lower: number, upper: number): number {
  const x = Math.min(Math.max(derivative / curvature, lower), upper);
  return derivative * x - curvature * x * x / 2;
}

/**
 * The move that gains most, the other coefficients fitted again each time; where coefficients have bounds, a few of the
 * best, for the others may meet theirs.
 *
 * Without feature `i` of the support the loss is higher by `b_i^2 / (2 (G^-1)_ii)`, the correlation of another feature with
 * the residual is `u_j + b_i P_ij / (G^-1)_ii`, and its curvature `d_j + P_ij^2 / (G^-1)_ii`.
 *
 * @returns None where no move gains more than `least`, or the time is up.
 */
export function* bestMove(view: SupportView, task: Task, least: number): Steps<Move[]> {
  const isDue = createPace();
  const { support, inside, products, variances, correlations, curvatures } = view;
  const { penalty: { lambda0 }, size, problem: { constraints } } = task;
  const { isAlways, lower, upper, hull } = constraints, features = curvatures.length;
  const moves: Move[] = [], most = hull === Infinity && constraints.uniform ? 1 : mostOffers;
  let threshold = least;
  const offer = (leaving: number, entering: number, gain: number) => {
    if (!(gain > threshold)) return;
    let place = moves.length;
    while (place > 0 && moves[place - 1].gain < gain) place--;
    moves.splice(place, 0, { leaving, entering, gain });
    if (moves.length > most) moves.pop();
    if (moves.length === most) threshold = moves[most - 1].gain;
  };
  if (support.length < size) {
    const { entering, fall } = bestEntry(view, task);
    if (entering >= 0) offer(-1, entering, fall - lambda0);
  }
  /** Offers what may take the place of a feature. */
  const offerSwaps = (i: number, cost: number) => {
    const variance = variances[i], pull = view.coefficients[i] / variance, own = products.subarray(i * features);
    for (let j = 0; j < features; j++) {
      // Of a feature that depends on the support, only one whose dependence this one carries can take its place.
      const product = own[j], curvature = curvatures[j] + product * product / variance;
      const correlation = correlations[j] + pull * product;
      if (!(correlation * correlation > 2 * curvature * (cost + threshold)) || inside[j]) continue;
      offer(support[i], j, fallWithin(correlation, curvature, lower[j], upper[j]) - cost);
    }
  };
  for (let i = 0; i < support.length; i++) {
    if (isAlways[support[i]] || !(variances[i] > 0)) continue;
    const cost = lossWithout(view, i);
    offer(support[i], -1, lambda0 - cost);
    offerSwaps(i, cost);
    if (isDue(2 * features) && (yield)) return [];
  }
  return moves;
}
