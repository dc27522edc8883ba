/** What a dual point proves of a branch-and-bound node, in plain f64. @module */

import { ROUNDING_MARGIN, screened } from "./relaxation.ts";
import { keptConjugate, type L0Penalty, relaxedConjugate } from "./penalty.ts";
import { drop, type Fixing, keep, nodeStatus } from "./search.ts";

/** A dual point, as far as the bound of a node needs it. */
export interface DualPoint {
  /** The dual objective without its conjugates. */
  readonly value: number;
  /** The data term at the point that it comes from, for nodes that can be refined. */
  readonly dataTerm?: number;
  /** Size of the terms it is a sum of. */
  readonly size: number;
  /** The gradient of the data term by variable: what the conjugates are taken at. */
  readonly gradient: Float64Array;
}

/** What is proved of a node. */
export interface NodeCertificate {
  /** No solution of the node is below. */
  readonly bound: number;
  /** Variables that no solution of the node below the upper bound can have otherwise. */
  readonly fixings: readonly Fixing[];
}

/**
 * The bound of a node at a dual point, less a margin for rounding, and those of the proposed fixings that the same point
 * proves: `bound + psi*(u_j)` bounds what makes variable `j` zero, `bound + psi*(u_j) - phi*(u_j)` what keeps it.
 *
 * @param statuses What the node fixes.
 * @param proposed Statuses with the variables that may be fixed besides marked as screened.
 */
export function certifyNode(
  { value, size, gradient }: DualPoint,
  statuses: Uint8Array,
  penalty: L0Penalty,
  upperBound: number,
  proposed?: Uint8Array,
): NodeCertificate {
  let conjugates = 0;
  const { threshold } = penalty;
  for (let j = 0; j < statuses.length; j++) {
    const derivative = gradient[j], status = statuses[j];
    if (status === nodeStatus.kept) conjugates += keptConjugate(derivative, penalty);
    else if (status === nodeStatus.free && !(Math.abs(derivative) <= threshold)) {
      conjugates += relaxedConjugate(derivative, penalty);
    }
  }
  const sum = value - conjugates - ROUNDING_MARGIN * (size + Math.abs(conjugates));
  const bound = sum > -Infinity ? sum : -Infinity;
  const fixings: Fixing[] = [];
  if (proposed === undefined) return { bound, fixings };
  for (let j = 0; j < proposed.length; j++) {
    if (statuses[j] !== nodeStatus.free || proposed[j] === nodeStatus.free) continue;
    const status = screened(gradient[j], bound, upperBound, penalty);
    if (status === nodeStatus.screenedKept) fixings.push(keep(j));
    if (status === nodeStatus.screenedZero) fixings.push(drop(j));
  }
  return { bound, fixings };
}
