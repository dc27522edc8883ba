/**
 * The l0-l2 penalty of a coordinate, its perspective relaxation, and the conjugates that bound it from below.
 *
 * Every coordinate minimises `A x^2 / 2 - C x + g(x)` over `|x| <= bound`, where `g` is of one of three kinds:
 *
 *     relaxed   g = psi, the perspective (reverse Huber) relaxation: threshold |x| up to ratio, lambda0 + lambda2 x^2 beyond
 *     kept      g = lambda0 + lambda2 x^2, the coordinate is in the support whatever its value
 *     counted   g = lambda0 [x != 0] + lambda2 x^2, the penalty itself: zero unless the gain exceeds lambda0
 *
 * `psi(x) = min { lambda0 z + lambda2 x^2 / z : |x| / bound <= z <= 1 }` is the largest convex function below the
 * penalty: linear with derivative `threshold` up to `ratio = sqrt(lambda0 / lambda2)`, the penalty itself from there
 * on; where `ratio > bound` it is linear throughout. Kept coordinates have `phi(x) = lambda0 + lambda2 x^2`.
 *
 * @module
 */

import type { DeviceArray } from "../operands.ts";
import { COUNTED, KEPT, RELAXED } from "./constants.ts";

/** The penalty `lambda0 [x != 0] + lambda2 x^2` over `|x| <= bound` and the two numbers of its relaxation. */
export interface L0Penalty {
  readonly lambda0: number;
  readonly lambda2: number;
  /** May be infinite. */
  readonly bound: number;
  /** Derivative of the relaxation at zero, from the right. */
  readonly threshold: number;
  /** Where the relaxation meets the penalty; beyond `bound`, it does not, and the derivative is the same throughout. */
  readonly ratio: number;
}

/** How a coordinate is penalised, as the kernels encode it. */
export const penaltyKinds = { relaxed: RELAXED, kept: KEPT, counted: COUNTED } as const;

/** `psi(x)` within the bound. */
export function relaxedAt(x: number, { lambda0, lambda2, bound, ratio, threshold }: L0Penalty): number {
  const magnitude = Math.abs(x);
  return ratio <= bound && magnitude > ratio ? lambda0 + lambda2 * x * x : threshold * magnitude;
}

/** `phi*(u)`, the conjugate over `|x| <= bound` for a kept coordinate; infinite without a finite bound or a ridge. */
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

/** What both descents take. */
export interface DescentArguments {
  /** Kind of each active coordinate, a value of {@linkcode penaltyKinds}. */
  readonly kinds: DeviceArray<"u8">;
  readonly penalty: L0Penalty;
  /** Most sweeps over the active coordinates, >= 0. */
  readonly sweeps: number;
  /** Stop after a sweep whose steps `d` have `sum (A + 2 lambda2) d^2` at most this. */
  readonly tolerance: number;
}
