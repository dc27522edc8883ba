/**
 * What gradient descent has done after `k` steps in a direction of curvature `h`: `1 - (1 - rate h)^k` of the way to the
 * minimum. Unnormalised sharpness-aware steps on a quadratic of curvature `l` are gradient descent with
 * `h = l (1 + rho l)`, and so is the mean of micro-batches with the mean of theirs.
 *
 * @module
 */

/** What is left of the way after `k` steps: `(1 - rate h)^k`, its size exact to rounding also where `rate h` is small. */
export function remainder(rateTimesCurvature: number, k: number): number {
  if (k === 0 || rateTimesCurvature === 0) return 1;
  const kept = 1 - rateTimesCurvature;
  if (kept > 0.5) return Math.exp(k * Math.log1p(-rateTimesCurvature));
  return Math.abs(kept) ** k * (kept < 0 && k % 2 === 1 ? -1 : 1);
}

/** `1 - (1 - rate h)^k`, without cancellation. */
export function filter(rateTimesCurvature: number, k: number): number {
  if (k === 0 || rateTimesCurvature === 0) return 0;
  if (1 - rateTimesCurvature > 0.5) return -Math.expm1(k * Math.log1p(-rateTimesCurvature));
  return 1 - remainder(rateTimesCurvature, k);
}

/** The filter over the curvature, `rate k` where there is none: what takes a gradient at 0 to the parameters. */
export function filterOver(curvature: number, rate: number, k: number): number {
  const step = rate * curvature;
  return Math.abs(step) * k < 1e-12 ? rate * k : filter(step, k) / curvature;
}

/** The curvature that sharpness-aware steps see. */
export function sharpCurvature(eigenvalue: number, rho: number): number {
  return eigenvalue * (1 + rho * eigenvalue);
}
