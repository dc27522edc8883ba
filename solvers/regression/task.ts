import type { Run } from "../core/run.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import type { Estimate, LeastSquares, SparseStart } from "./least_squares.ts";

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
  /** Objective after each descent that improves it. */
  readonly trace: number[];
  /** Set once a limit has ended a descent early. */
  ended?: "iteration-limit" | "time-limit";
}

/** What is to be minimised, and by what means. */
export interface Task {
  readonly problem: LeastSquares;
  readonly penalty: L0Penalty;
  /** Most features of a support. */
  readonly size: number;
  readonly budget: DescentBudget;
}

/** What tells supports apart. */
export function keyOf(support: readonly number[]): string {
  return Uint32Array.from(support).sort().join();
}

/** Share of `||y||^2 / 2` below which a gain is rounding: it would let a feature in and out forever. */
export const leastGain = 1e-12;

/** What a support costs beside its loss. */
export function priceOf({ problem, penalty }: Task, { features, coefficients }: SparseStart): number {
  const { lambda0, lambda2 } = penalty, { isAlways } = problem.constraints;
  let sum = 0;
  for (let k = 0; k < features.length; k++) {
    if (coefficients[k] !== 0 && !isAlways[features[k]]) sum += lambda0;
    sum += lambda2 * coefficients[k] * coefficients[k];
  }
  return sum;
}

/** Checkpoint of a stage; notes the end of the time. */
export async function pause({ budget }: Pick<Task, "budget">, stage: string, objective?: number): Promise<boolean> {
  const state = { stage, fraction: 0, iteration: budget.sweeps, objective };
  if (await budget.run.checkpoint(state)) budget.ended ??= "time-limit";
  return budget.ended === "time-limit";
}
