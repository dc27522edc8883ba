import { createSubsetFactor, type ReducedLeastSquares } from "./reduced.ts";

/** Times that a variable may change between bound and free, in multiples of the number of variables. */
const mostChanges = 20;

/**
 * Least squares within bounds by an active-set method (Stark & Parker 1995): free variables are solved for, the first one
 * that meets a bound stays there, and one at a bound whose gradient points inside is freed.
 *
 * @param start Where to begin; taken to the bounds.
 */
export function boundedLeastSquares(
  problem: ReducedLeastSquares,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  start: ArrayLike<number>,
): Float64Array {
  const { features, columns, response } = problem;
  const x = Float64Array.from(start, (value, k) => Math.min(Math.max(value, lower[k]), upper[k]));
  const free = new Set<number>();
  for (let k = 0; k < features; k++) if (x[k] > lower[k] && x[k] < upper[k]) free.add(k);
  const lengths = columns.map((column) => Math.hypot(...column));
  const scale = Math.hypot(...response);
  for (let change = 0; change < mostChanges * (features + 1); change++) {
    const chosen = [...free].sort((a, b) => a - b);
    const target = response.slice();
    for (let k = 0; k < features; k++) if (!free.has(k)) subtract(target, columns[k], x[k]);
    const factor = createSubsetFactor({ ...problem, response: target });
    factor.take(chosen);
    const wanted = factor.coefficients();
    // The share of the way that all free variables can go.
    let share = 1, stopped = -1;
    chosen.forEach((k, i) => {
      const limit = wanted[i] < lower[k] ? lower[k] : wanted[i] > upper[k] ? upper[k] : wanted[i];
      const possible = limit === wanted[i] ? 1 : (limit - x[k]) / (wanted[i] - x[k]);
      if (possible < share) {
        share = possible;
        stopped = k;
      }
    });
    chosen.forEach((k, i) => {
      const next = share === 1 ? wanted[i] : x[k] + share * (wanted[i] - x[k]);
      x[k] = Math.min(Math.max(next, lower[k]), upper[k]);
    });
    if (stopped >= 0) {
      const i = chosen.indexOf(stopped);
      x[stopped] = wanted[i] < lower[stopped] ? lower[stopped] : upper[stopped];
      free.delete(stopped);
      continue;
    }
    for (const k of chosen) subtract(target, columns[k], x[k]);
    let worst = 1e-13 * scale, freed = -1;
    for (let k = 0; k < features; k++) {
      if (free.has(k) || lower[k] === upper[k]) continue;
      let pull = 0;
      for (let i = 0; i <= k; i++) pull += columns[k][i] * target[i];
      const inside = x[k] === lower[k] ? pull : -pull;
      if (inside > worst * lengths[k]) {
        worst = inside / lengths[k];
        freed = k;
      }
    }
    if (freed < 0) break;
    free.add(freed);
  }
  return x;
}

function subtract(target: Float64Array, column: Float64Array, factor: number): void {
  if (factor !== 0) { for (let i = 0; i < target.length; i++) target[i] -= factor * column[i]; }
}
