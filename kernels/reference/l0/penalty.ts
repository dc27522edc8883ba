import type { L0Penalty } from "../../contract.ts";
import { penaltyKinds } from "../../contract/l0/penalty.ts";

/** The minimiser of `A x^2 / 2 - C x + g(x)` over `|x| <= bound`. */
export function minimiser(kind: number, curvature: number, derivative: number, penalty: L0Penalty): number {
  const { lambda0, lambda2, bound, threshold, ratio } = penalty;
  const magnitude = Math.abs(derivative);
  if (magnitude === 0 || (kind === penaltyKinds.relaxed && magnitude <= threshold)) return 0;
  let x = Math.min(magnitude / (curvature + 2 * lambda2), bound);
  if (kind === penaltyKinds.relaxed) {
    const linear = (magnitude - threshold) / curvature;
    // The two pieces of psi meet at ratio, where both formulas agree: one comparison tells them apart.
    if (!(ratio <= bound && linear > ratio)) x = Math.min(linear, bound);
  } else if (kind === penaltyKinds.counted) {
    const gain = magnitude * x - (curvature / 2 + lambda2) * x * x - lambda0;
    if (!(gain > 0)) return 0;
  }
  return derivative < 0 ? -x : x;
}
