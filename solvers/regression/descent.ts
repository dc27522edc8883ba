import { entryGain, type L0Penalty, penaltyAt, penaltyKinds } from "../l0/penalty.ts";
import type { Run } from "../core/run.ts";
import { compact, type Estimate, type LeastSquares, loss, type SparseStart } from "./least_squares.ts";

/** A point and its objective. */
export interface Solution {
  readonly estimate: Estimate;
  readonly objective: number;
}

/** Limits of the descents, and what they have used. */
export interface DescentBudget {
  readonly run: Run;
  /** Decrease, as a share of `||y||^2 / 2`, at which a descent has converged. */
  readonly tolerance: number;
  readonly sweepLimit: number;
  sweeps: number;
  /** Objective after each descent. */
  readonly trace: number[];
  /** Set once a limit has ended a descent early. */
  ended?: "iteration-limit" | "time-limit";
}

const sweepsPerCall = 500;

/** `||y - X b||^2 / 2 + lambda0 ||b||_0 + lambda2 ||b||^2`. */
function objectiveOf(problem: LeastSquares, penalty: L0Penalty, estimate: Estimate): number {
  return estimate.coefficients.reduce((sum, x) => sum + penaltyAt(x, penalty), loss(problem, estimate));
}

/** Coordinate descent on the penalty itself over the given features alone. */
export async function descendOn(
  problem: LeastSquares,
  penalty: L0Penalty,
  start: SparseStart,
  budget: DescentBudget,
): Promise<Solution> {
  const features = Array.from(start.features);
  const kinds = new Uint8Array(features.length).fill(penaltyKinds.counted);
  let coefficients = start.coefficients;
  const tolerance = budget.tolerance * problem.nullLoss;
  for (;;) {
    const limit = Math.min(sweepsPerCall, budget.sweepLimit - budget.sweeps);
    const { estimate, sweeps } = await problem.descend({
      features,
      kinds,
      coefficients,
      penalty,
      sweeps: limit,
      tolerance,
    });
    coefficients = estimate.coefficients;
    budget.sweeps += sweeps;
    if (budget.sweeps >= budget.sweepLimit) budget.ended ??= "iteration-limit";
    const objective = objectiveOf(problem, penalty, estimate);
    const state = { stage: "descent", fraction: 0, iteration: budget.sweeps, objective };
    if (await budget.run.checkpoint(state)) budget.ended ??= "time-limit";
    if (sweeps < limit || budget.ended) return { estimate: compact(estimate), objective };
  }
}

/**
 * Coordinate descent on the penalty itself: the features that would gain most join a few at a time, until no feature
 * that enters or leaves the support improves the objective.
 */
export async function coordinateDescent(
  problem: LeastSquares,
  penalty: L0Penalty,
  start: SparseStart,
  budget: DescentBudget,
): Promise<Solution> {
  let solution = await descendOn(problem, penalty, start, budget);
  while (!budget.ended) {
    const entering = entrants(problem, penalty, solution.estimate);
    if (entering.length === 0) break;
    const { features, coefficients } = solution.estimate;
    const joined = entering.slice(0, Math.max(1, features.length >> 2));
    const next = await descendOn(problem, penalty, {
      features: [...features, ...joined],
      coefficients: [...coefficients, ...joined.map(() => 0)],
    }, budget);
    if (!(next.objective < solution.objective)) break;
    solution = next;
  }
  budget.trace.push(solution.objective);
  return solution;
}

/** Descent, then swaps of one feature in the support for one outside, each followed by a descent, while they improve. */
export async function localSearch(
  problem: LeastSquares,
  penalty: L0Penalty,
  start: SparseStart,
  budget: DescentBudget,
): Promise<Solution> {
  let solution = await coordinateDescent(problem, penalty, start, budget);
  while (!budget.ended) {
    const better = await swapOnce(problem, penalty, solution, budget);
    if (better === undefined) break;
    solution = better;
  }
  return solution;
}

/** Features outside the support that would gain, the most improving first. */
function entrants(problem: LeastSquares, penalty: L0Penalty, { features, correlations }: Estimate): number[] {
  const inside = new Set(features);
  const gains = new Map<number, number>();
  // A rounding error above zero is no gain: it would let a feature in and out forever.
  const least = 1e-12 * problem.nullLoss;
  for (let j = 0; j < problem.features; j++) {
    const gain = entryGain(problem.squaredNorms[j], correlations[j], penalty);
    if (gain > least && !inside.has(j)) gains.set(j, gain);
  }
  return [...gains.keys()].sort((i, j) => gains.get(j)! - gains.get(i)! || i - j);
}

async function swapOnce(
  problem: LeastSquares,
  penalty: L0Penalty,
  { estimate, objective }: Solution,
  budget: DescentBudget,
): Promise<Solution | undefined> {
  const { features, coefficients, correlations } = estimate;
  const inside = new Set(features);
  const order = features.map((_, i) => i).sort((a, b) =>
    Math.abs(coefficients[a]) - Math.abs(coefficients[b]) || a - b
  );
  for (const leaving of order) {
    const row = await problem.gramRow(features[leaving]);
    let entering = -1;
    let bestGain = entryGain(
      problem.squaredNorms[features[leaving]],
      correlations[features[leaving]] + row[features[leaving]] * coefficients[leaving],
      penalty,
    );
    for (let j = 0; j < problem.features; j++) {
      if (inside.has(j)) continue;
      const gain = entryGain(problem.squaredNorms[j], correlations[j] + row[j] * coefficients[leaving], penalty);
      if (gain > bestGain) {
        bestGain = gain;
        entering = j;
      }
    }
    if (entering < 0) continue;
    const swapped = await coordinateDescent(problem, penalty, {
      features: [...features.filter((_, i) => i !== leaving), entering],
      coefficients: [...coefficients.filter((_, i) => i !== leaving), 0],
    }, budget);
    if (swapped.objective < objective - 1e-12 * problem.nullLoss) return swapped;
    if (budget.ended) return undefined;
  }
  return undefined;
}
