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

/** What a bound on costs is multiplied by, so that rounding excludes nothing. */
const reachRounded = 1 + 1e-6;

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
  const { support, products, variances, coefficients, correlations, curvatures } = view;
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
  const costs = support.map((feature, i) => isAlways[feature] || !(variances[i] > 0) ? Infinity : lossWithout(view, i));
  costs.forEach((cost, i) => offer(support[i], -1, lambda0 - cost));
  if (!view.swapsMayPay) return moves;
  const { entrants, reaches } = candidatesFor(view, task, threshold, costs.reduce((a, b) => Math.min(a, b), Infinity));
  /** Offers what may take the place of a feature. */
  const offerSwaps = (i: number, cost: number) => {
    const variance = variances[i], pull = coefficients[i] / variance, begin = i * features;
    for (let k = 0; k < entrants.length; k++) {
      if (!(reaches[k] > cost)) continue;
      // Of a feature that depends on the support, only one whose dependence this one carries can take its place.
      const j = entrants[k], product = products[begin + j], curvature = curvatures[j] + product * product / variance;
      const correlation = correlations[j] + pull * product;
      if (!(correlation * correlation > 2 * curvature * (cost + threshold))) continue;
      offer(support[i], j, fallWithin(correlation, curvature, lower[j], upper[j]) - cost);
    }
  };
  for (let i = 0; i < support.length; i++) {
    if (costs[i] === Infinity) continue;
    offerSwaps(i, costs[i]);
    if (isDue(2 * entrants.length) && (yield)) return [];
  }
  if (moves.length === 0) view.swapsMayPay = false;
  return moves;
}

/**
 * Features that may take another's place, and the most that the other may cost for it. With `f = u_j^2 / 2 d_j`, of which a
 * swap gains no more than entering alone does, and `q = w_j / d_j - 1` for the whole curvature `w_j`, a gain above
 * `threshold` needs `cost < (sqrt(f q) + sqrt((f - threshold) (1 + q)))^2`, because `P_ij^2 <= (G^-1)_ii (w_j - d_j)`.
 */
function candidatesFor(
  { inside, correlations, curvatures }: SupportView,
  { problem: { squaredNorms }, penalty: { lambda2 } }: Task,
  threshold: number,
  leastCost: number,
): { entrants: number[]; reaches: number[] } {
  const entrants: number[] = [], reaches: number[] = [];
  for (let j = 0; j < curvatures.length; j++) {
    if (inside[j]) continue;
    const curvature = curvatures[j], whole = squaredNorms[j] + 2 * lambda2;
    let reach = Infinity;
    if (curvature > 0) {
      const fall = correlations[j] * correlations[j] / (2 * curvature);
      if (!(fall > threshold)) continue;
      const ratio = Math.max(0, whole / curvature - 1);
      const root = Math.sqrt(fall * ratio) + Math.sqrt((fall - threshold) * (1 + ratio));
      reach = reachRounded * root * root;
    }
    if (!(reach > leastCost)) continue;
    entrants.push(j);
    reaches.push(reach);
  }
  return { entrants, reaches };
}
