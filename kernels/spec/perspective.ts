/**
 * The perspective relaxation of the l0-l2 penalty and the conjugates that bound it from below.
 *
 * `psi(x) = min { lambda0 z + lambda2 x^2 / z : |x| / bound <= z <= 1 }` is the largest convex function below the
 * penalty: linear with slope `threshold` up to `ratio = sqrt(lambda0 / lambda2)`, the penalty itself from there on; where
 * `ratio > bound` it is linear throughout. Kept coordinates have `phi(x) = lambda0 + lambda2 x^2`.
 *
 * @module
 */

import type { L0Penalty } from "./l0.ts";

/** `psi(x)` within the bound. */
export function relaxedAt(x: number, { lambda0, lambda2, bound, ratio, threshold }: L0Penalty): number {
  const magnitude = Math.abs(x);
  return ratio <= bound && magnitude > ratio ? lambda0 + lambda2 * x * x : threshold * magnitude;
}

/** `phi*(u)`, the conjugate over `|x| <= bound` for a kept coordinate; infinite where no finite bound and no ridge hold it. */
export function keptConjugate(u: number, { lambda0, lambda2, bound }: L0Penalty): number {
  const magnitude = Math.abs(u);
  if (magnitude === 0) return -lambda0;
  if (lambda2 > 0 && magnitude <= 2 * lambda2 * bound) return u * u / (4 * lambda2) - lambda0;
  return bound === Infinity ? Infinity : bound * magnitude - lambda0 - lambda2 * bound * bound;
}

/** `psi*(u)`: zero up to the threshold, `phi*` beyond. */
export function relaxedConjugate(u: number, penalty: L0Penalty): number {
  return Math.abs(u) <= penalty.threshold ? 0 : Math.max(0, keptConjugate(u, penalty));
}

/** The `z` in [0, 1] at which `psi(x)` is attained: the relaxed support indicator. */
export function indicatorAt(x: number, { bound, ratio }: L0Penalty): number {
  return Math.min(1, Math.abs(x) / Math.min(ratio, bound));
}
