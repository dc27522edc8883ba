import { keptConjugate, type L0Penalty } from "../l0/penalty.ts";
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
