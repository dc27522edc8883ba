/**
 * What every relaxation of a branch-and-bound node keeps to, wherever it runs: how exactly it is solved, what screening
 * may conclude from its gradient, and how its tolerance falls.
 *
 * @module
 */

import { FREE, KEPT, REFINEMENT, SCREENED_KEPT, SCREENED_ZERO } from "./constants.ts";
import { keptConjugate, type L0Penalty, relaxedAt, relaxedConjugate } from "./penalty.ts";

/** How exactly relaxations are solved. */
export interface NodePrecision {
  /** Duality gap, as a share of the objective, at which a relaxation counts as solved. */
  readonly node: number;
  /** The same where the relaxation is a solution: nothing will be branched on, so its bound is final. */
  readonly leaf: number;
  /** Share of the distance to the upper bound that need not be closed: such a node is branched on anyway. */
  readonly slack: number;
  /** Tolerance below which a descent is not repeated. */
  readonly finest: number;
}

/** A relaxation after a round. */
export interface RelaxationRound {
  /** Objective of the relaxation at its latest point. */
  readonly primal: number;
  /** Lower bound on the node's optimum. */
  readonly bound: number;
  /** Objective of the best solution known. */
  readonly upperBound: number;
  /** Whether the point is a solution: every free variable is zero or fully in the support. */
  readonly isSolution: boolean;
  /** Tolerance of the latest descent. */
  readonly tolerance: number;
}

/** Whether a relaxation that no variable joins is solved: its duality gap need not be closed further, or cannot be. */
export function isRelaxed(
  { primal, bound, upperBound, isSolution, tolerance }: RelaxationRound,
  { node, leaf, slack, finest }: NodePrecision,
): boolean {
  const allowed = isSolution
    ? leaf * Math.abs(primal)
    : Math.max(node * Math.abs(primal), slack * (upperBound - primal));
  return primal - bound <= allowed || tolerance <= finest;
}

/** The tolerance of the descent after one that did not close the duality gap. */
export function finer(tolerance: number): number {
  return tolerance / REFINEMENT;
}

/** The penalty of a free or a kept variable in the relaxation. */
export function nodePenaltyAt(status: number, x: number, penalty: L0Penalty): number {
  return status === KEPT ? penalty.lambda0 + penalty.lambda2 * x * x : relaxedAt(x, penalty);
}

/**
 * What a free variable must be in every solution of a node below the upper bound: SCREENED_KEPT, SCREENED_ZERO, or FREE
 * still.
 */
export function screened(derivative: number, bound: number, upperBound: number, penalty: L0Penalty): number {
  const withZero = bound + relaxedConjugate(derivative, penalty);
  if (withZero > upperBound) return SCREENED_KEPT;
  return withZero - keptConjugate(derivative, penalty) > upperBound ? SCREENED_ZERO : FREE;
}

/**
 * Whether screening can fix anything, `largest` being the largest conjugate of a free variable: the bound of a variable
 * made zero is above the node's by that at most, that of a kept one by lambda0.
 */
export function canScreen(bound: number, upperBound: number, largest: number, { lambda0 }: L0Penalty): boolean {
  return bound + Math.max(lambda0, largest) > upperBound;
}
