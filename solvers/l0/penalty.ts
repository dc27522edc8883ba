/** The penalty `lambda0 [x != 0] + lambda2 x^2` over `|x| <= bound`, its relaxation and its conjugates, all in f64. @module */

import type { L0Penalty } from "../../kernels/contract.ts";

export { indicatorAt, keptConjugate, penaltyKinds, relaxedConjugate } from "../../kernels/contract/l0/penalty.ts";
export type { L0Penalty } from "../../kernels/contract.ts";

/** The penalty with its derived numbers; `bound` may be infinite. */
export function l0Penalty(lambda0: number, lambda2: number, bound: number): L0Penalty {
  const ratio = lambda2 > 0 ? Math.sqrt(lambda0 / lambda2) : Infinity;
  const threshold = ratio <= bound ? 2 * Math.sqrt(lambda0 * lambda2) : lambda0 / bound + lambda2 * bound;
  return { lambda0, lambda2, bound, ratio, threshold };
}

/** Decrease of `curvature x^2 / 2 - derivative x` net of the penalty, at the best nonzero `x` within the bound. */
export function entryGain(
  curvature: number,
  derivative: number,
  { lambda0, lambda2, bound }: L0Penalty,
  most = bound,
): number {
  const magnitude = Math.abs(derivative);
  if (magnitude === 0) return -lambda0;
  const x = Math.min(magnitude / (curvature + 2 * lambda2), most);
  return magnitude * x - (curvature / 2 + lambda2) * x * x - lambda0;
}
