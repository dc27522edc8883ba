import { keptConjugate, type L0Penalty, relaxedConjugate } from "../l0/penalty.ts";
import { ROUNDING_MARGIN } from "../l0/relaxation.ts";
import type { EdgePrices, GraphEstimate } from "./pseudolikelihood.ts";

/**
 * The best dual objective among the multiples `s nu` of the dual point `nu_i = 2 r_i / t_ii`, less a margin for rounding:
 *
 *     p + sum_i log(2 s y_i . r_i / t_ii - s^2 ||r_i||^2 / t_ii^2) - sum_{i<j} conjugate(s u_ij)
 *
 * Each holds for the node, whatever the estimate and whatever the multiple.
 */
export function lowerBound(estimate: GraphEstimate, prices: EdgePrices, penalty: L0Penalty): number {
  const { scales, conjugates, kept } = prices;
  let best = -Infinity;
  for (let k = 0; k < scales.length; k++) {
    const all = kept.reduce((sum, derivative) => sum + keptConjugate(scales[k] * derivative, penalty), conjugates[k]);
    // Kept edges may count below zero: what they take from the sum must not take from the margin.
    best = Math.max(best, boundAt(estimate, scales[k], all, Math.abs(all) + 2 * kept.length * penalty.lambda0));
  }
  return best;
}

function boundAt(
  { diagonal, norms, diagonalProducts }: GraphEstimate,
  scale: number,
  conjugates: number,
  terms: number,
): number {
  let bound = diagonal.length, size = diagonal.length + terms;
  for (let i = 0; i < diagonal.length; i++) {
    const share = scale / diagonal[i];
    const argument = 2 * diagonalProducts[i] * share - norms[i] * share * share;
    if (!(argument > 0)) return -Infinity;
    const term = Math.log(argument);
    bound += term;
    size += Math.abs(term);
  }
  return bound - conjugates - ROUNDING_MARGIN * size;
}

/** How far `|S_ij|` may be above `sqrt(S_ii S_jj)` where a covariance matrix is not quite one. */
const indefinite = 1e-6;

/**
 * A bound that holds for every graph and every node, from the variances `v` alone: that of the dual point `nu_i = 2 s_i y_i`,
 *
 *     p + sum_i log((2 s_i - s_i^2) v_i) - (number of edges) conjugate(c),   s_i = min(1, c / (4 sqrt(v_i max v)))
 *
 * because `|y_i . y_j| <= sqrt(v_i v_j)` keeps every derivative to `c`. That is the threshold, up to which conjugates are
 * zero, or where there is none, a derivative so small that the conjugates of all edges together come to about 1.
 */
export function boundOfVariances(variances: Float64Array, penalty: L0Penalty): number {
  const { threshold, lambda2, bound: bigM } = penalty, vertices = variances.length;
  const derivative = Math.max(threshold, Math.sqrt(8 * lambda2) / vertices, 2 / (bigM * vertices ** 2));
  const conjugates = vertices * (vertices - 1) / 2 * relaxedConjugate(derivative, penalty);
  const widest = Math.sqrt(variances.reduce((most, variance) => Math.max(most, variance), 0));
  let bound = vertices - conjugates, size = vertices + conjugates;
  for (const variance of variances) {
    const share = Math.min(1, (1 - indefinite) * derivative / (4 * Math.sqrt(variance) * widest));
    const term = Math.log((2 - share) * share * variance);
    bound += term;
    size += Math.abs(term);
  }
  return bound - ROUNDING_MARGIN * size;
}
