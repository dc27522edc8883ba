import { createPace, type Steps, untilTimeIsUp } from "../core/steps.ts";
import { lossAt, type ReducedLeastSquares } from "./reduced.ts";
import { createSubsetFactor } from "./subset_factor.ts";

/** Times that a variable may change between bound and free, in multiples of the number of variables. */
const mostChanges = 20;

/** Share by which the loss must fall for all variables to move at once. */
const leastFall = 1e-12;

/** A point between bounds. */
export interface BoundedSolution {
  readonly coefficients: Float64Array;
  /** Whether no change within the bounds lowers the loss, to rounding. */
  readonly isLeast: boolean;
}

/**
 * Least squares within bounds by active sets. As long as that lowers the loss, all free variables are solved for and taken to
 * the box, and all at bounds whose gradient points inside are freed (two-metric projection, Bertsekas 1982, full steps
 * alone); then one at a time, which comes to an end (Stark & Parker 1995): the first that meets a bound stays there, and the
 * one that is pulled inside most is freed. Some ten factors, O(features^3) each, and as many more as single variables move.
 *
 * @param start Where to begin; taken to the bounds.
 * @returns Once the time is up, the point that was reached.
 */
export function* boundedLeastSquaresInSteps(
  problem: ReducedLeastSquares,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  start: ArrayLike<number>,
): Steps<BoundedSolution> {
  const { features, columns, lengths, response } = problem, isDue = createPace();
  const within = (value: number, k: number) => Math.min(Math.max(value, lower[k]), upper[k]);
  const isInside = (k: number) => x[k] > lower[k] && x[k] < upper[k];
  let x = Float64Array.from(start, within), loss = lossAt(problem, x), allAtOnce = true;
  let free = columns.map((_, k) => k).filter(isInside);
  const scale = Math.hypot(...response), factor = createSubsetFactor(problem);
  for (let change = 0; change < mostChanges * (features + 1); change++) {
    const target = response.slice(), isFree = new Uint8Array(features);
    for (const k of free) isFree[k] = 1;
    for (let k = 0; k < features; k++) if (!isFree[k]) subtract(target, columns[k], x[k], k + 1);
    if ((yield* untilTimeIsUp(factor.takeInSteps(free, target))) === undefined) break;
    const wanted = factor.coefficients();
    if (isDue(features * features) && (yield)) break;
    if (allAtOnce) {
      const next = x.slice();
      free.forEach((k, i) => next[k] = within(wanted[i], k));
      const nextLoss = lossAt(problem, next);
      // A full step that meets no bound ends at the least of its variables, whatever rounding makes of the loss.
      const isWhole = free.every((k, i) => next[k] === wanted[i]);
      if (isWhole || nextLoss < loss * (1 - leastFall)) {
        x = next;
        loss = nextLoss;
        const before = free.length;
        free = free.filter(isInside);
        const pulled = pulledInside();
        if (isWhole && pulled.length === 0) return { coefficients: x, isLeast: true };
        free = [...free, ...pulled].sort((a, b) => a - b);
        allAtOnce = !isWhole || free.length > before;
        continue;
      }
      allAtOnce = false;
      // Those that were freed and would only leave the box again are taken back.
      free = free.filter(isInside);
      continue;
    }
    // The share of the way that all free variables can go.
    let share = 1, stopped = -1;
    free.forEach((k, i) => {
      const limit = within(wanted[i], k);
      const possible = limit === wanted[i] ? 1 : (limit - x[k]) / (wanted[i] - x[k]);
      if (possible < share) {
        share = possible;
        stopped = k;
      }
    });
    free.forEach((k, i) => x[k] = within(share === 1 ? wanted[i] : x[k] + share * (wanted[i] - x[k]), k));
    if (stopped >= 0) {
      x[stopped] = wanted[free.indexOf(stopped)] < lower[stopped] ? lower[stopped] : upper[stopped];
      free = free.filter((k) => k !== stopped);
      continue;
    }
    const [freed] = pulledInside();
    if (freed === undefined) return { coefficients: x, isLeast: true };
    free = [...free, freed].sort((a, b) => a - b);
  }
  return { coefficients: x, isLeast: false };

  /** Variables at a bound whose gradient points inside, the strongest first. */
  function pulledInside(): number[] {
    const residual = response.slice(), pulls = new Map<number, number>();
    for (let k = 0; k < features; k++) subtract(residual, columns[k], x[k], k + 1);
    for (let k = 0; k < features; k++) {
      if (isInside(k) || lower[k] === upper[k]) continue;
      let pull = 0;
      for (let i = 0; i <= k; i++) pull += columns[k][i] * residual[i];
      const inside = (x[k] === lower[k] ? pull : -pull) / lengths[k];
      if (inside > 1e-13 * scale) pulls.set(k, inside);
    }
    return [...pulls.keys()].sort((a, b) => pulls.get(b)! - pulls.get(a)!);
  }
}

/** Subtracts the first numbers of a column, `count` of them. */
function subtract(target: Float64Array, column: Float64Array, factor: number, count: number): void {
  if (factor !== 0) { for (let i = 0; i < count; i++) target[i] -= factor * column[i]; }
}
