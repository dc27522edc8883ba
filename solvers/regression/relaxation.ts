import {
  indicatorAt,
  keptConjugate,
  type L0Penalty,
  penaltyKinds,
  relaxedAt,
  relaxedConjugate,
} from "../branch_and_bound/perspective.ts";
import { allowedGap, roundingMargin } from "../branch_and_bound/precision.ts";
import { drop, type Fixing, keep, nodeStatus } from "../branch_and_bound/search.ts";
import type { Run } from "../core/run.ts";
import { compact, dualLoss, type Estimate, type LeastSquares, loss } from "./least_squares.ts";

/** Features with coefficients to start from, the zeros left out. */
export interface SparseStart {
  readonly features: readonly number[];
  readonly coefficients: ArrayLike<number>;
}

/** A solved relaxation. */
export interface Relaxed {
  readonly estimate: Estimate;
  /** Value of the relaxation at the estimate. */
  readonly primal: number;
  /** Lower bound on the node's optimum, valid whatever the estimate. */
  readonly bound: number;
  /** Whether the relaxation was solved, rather than cut short by the time limit. */
  readonly complete: boolean;
}

const sweepsPerCall = 200;

/**
 * Solves the relaxation of a node by coordinate descent on an active set: features beyond the threshold join until none is
 * left, and the descent is repeated to a finer tolerance until the duality gap tells whether the node can be pruned.
 */
export async function relaxRegression(
  problem: LeastSquares,
  penalty: L0Penalty,
  statuses: Uint8Array,
  start: SparseStart,
  upperBound: number,
  run: Run,
): Promise<Relaxed> {
  const values = new Map<number, number>();
  start.features.forEach((feature, i) => {
    if (statuses[feature] !== nodeStatus.zero) values.set(feature, start.coefficients[i]);
  });
  for (let j = 0; j < problem.features; j++) {
    if (statuses[j] === nodeStatus.kept && !values.has(j)) values.set(j, 0);
  }
  let best: Relaxed | undefined;
  let tolerance = 1e-6 * problem.energy;
  for (;;) {
    const features = [...values.keys()];
    const { estimate } = await problem.descend({
      features,
      kinds: features.map((feature) => statuses[feature]),
      coefficients: [...values.values()],
      penalty,
      sweeps: sweepsPerCall,
      tolerance,
    });
    features.forEach((feature, i) => values.set(feature, estimate.coefficients[i]));
    const bound = lowerBound(problem, penalty, statuses, estimate);
    const relaxed = { estimate, primal: relaxedObjective(problem, penalty, statuses, estimate), bound, complete: true };
    // Bounds need not rise from round to round; the best one stays valid for the node.
    best = { ...relaxed, bound: Math.max(bound, best?.bound ?? -Infinity) };
    if (best.bound >= upperBound) return best;
    const state = { stage: "relaxation", fraction: 0, iteration: features.length, objective: upperBound };
    if (await run.checkpoint(state)) return { ...best, complete: false };

    const entering = violations(problem, penalty, statuses, estimate, values);
    if (entering.length > 0) {
      for (const feature of entering.slice(0, Math.max(16, features.length >> 1))) values.set(feature, 0);
      continue;
    }
    const allowed = allowedGap(best.primal, upperBound, isSolution(penalty, statuses, estimate));
    if (best.primal - best.bound <= allowed || tolerance < 1e-28 * problem.energy) return best;
    tolerance /= 100;
  }
}

/** Features with a fractional indicator, the most fractional first. */
export function fractionalFeatures(penalty: L0Penalty, statuses: Uint8Array, estimate: Estimate): number[] {
  const { features, coefficients } = estimate;
  const distance = new Map<number, number>();
  features.forEach((feature, i) => {
    const z = indicatorAt(coefficients[i], penalty);
    if (statuses[feature] === nodeStatus.free && z > 0 && z < 1) distance.set(feature, Math.abs(z - 0.5));
  });
  return [...distance.keys()].sort((i, j) => distance.get(i)! - distance.get(j)! || i - j);
}

/** Free features that no solution below `upperBound` can have otherwise, from the dual solution of a node. */
export function screen(
  penalty: L0Penalty,
  statuses: Uint8Array,
  { estimate: { correlations }, bound }: Relaxed,
  upperBound: number,
): Fixing[] {
  const fixings: Fixing[] = [];
  for (let j = 0; j < correlations.length; j++) {
    if (statuses[j] !== nodeStatus.free) continue;
    const relaxed = relaxedConjugate(correlations[j], penalty);
    if (bound + relaxed > upperBound) fixings.push(keep(j));
    else if (bound + relaxed - keptConjugate(correlations[j], penalty) > upperBound) fixings.push(drop(j));
  }
  return fixings;
}

function isSolution(penalty: L0Penalty, statuses: Uint8Array, estimate: Estimate): boolean {
  return fractionalFeatures(penalty, statuses, estimate).length === 0;
}

function violations(
  problem: LeastSquares,
  { threshold }: L0Penalty,
  statuses: Uint8Array,
  { correlations }: Estimate,
  active: ReadonlyMap<number, number>,
): number[] {
  const found: number[] = [];
  for (let j = 0; j < problem.features; j++) {
    if (Math.abs(correlations[j]) > threshold && statuses[j] === nodeStatus.free && !active.has(j)) found.push(j);
  }
  return found.sort((i, j) => Math.abs(correlations[j]) - Math.abs(correlations[i]) || i - j);
}

function relaxedObjective(problem: LeastSquares, penalty: L0Penalty, statuses: Uint8Array, estimate: Estimate): number {
  let value = loss(problem, estimate);
  estimate.features.forEach((feature, i) => {
    const x = estimate.coefficients[i];
    value += statuses[feature] === penaltyKinds.kept
      ? penalty.lambda0 + penalty.lambda2 * x * x
      : relaxedAt(x, penalty);
  });
  return value;
}

/** The dual objective at the residual, less a margin for rounding. */
function lowerBound(problem: LeastSquares, penalty: L0Penalty, statuses: Uint8Array, estimate: Estimate): number {
  let conjugates = 0;
  for (let j = 0; j < problem.features; j++) {
    const u = estimate.correlations[j];
    if (statuses[j] === nodeStatus.free) conjugates += relaxedConjugate(u, penalty);
    else if (statuses[j] === nodeStatus.kept) conjugates += keptConjugate(u, penalty);
  }
  return dualLoss(problem, estimate) - conjugates - roundingMargin * (problem.energy + Math.abs(conjugates));
}

/** What the children of a node start from. */
export function startOf(estimate: Estimate): SparseStart {
  const { features, coefficients } = compact(estimate);
  return { features, coefficients: Float32Array.from(coefficients) };
}
