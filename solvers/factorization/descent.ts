/** The course of a descent: outer iterations until they gain no more. @module */

import type { Status } from "../core/result.ts";
import type { Pause, Run } from "../core/run.ts";

/** When a descent ends. */
export interface DescentLimits {
  /** Decrease of an iteration, as a share of the objective. */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Below, differences of objectives are rounding: where the factors are now. */
  readonly rounding: () => number;
}

/** An objective of so many roundings is zero. */
const roundingsOfZero = 16;

/** How a descent has ended. */
export interface DescentEnd {
  readonly status: Status;
  readonly objective: number;
}

/**
 * Iterates until an iteration lowers the objective by no more than its share, or by no more than rounding: then the
 * status is `precision-limit`, unless the objective itself is that small.
 *
 * @param iterate One iteration, which may do less once the time is up.
 * @param trace Takes the objectives, the first one included.
 */
export async function descend(
  start: number,
  iterate: (pause: Pause) => Promise<number>,
  { tolerance, maxIterations, rounding: roundingNow }: DescentLimits,
  run: Run,
  stage: string,
  trace: number[],
): Promise<DescentEnd> {
  let last = start;
  trace.push(start);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const state = { stage, fraction: iteration / maxIterations, iteration: trace.length - 1, objective: last };
    const pause = () => run.checkpoint(state);
    if (await pause()) return { status: "time-limit", objective: last };
    const next = await iterate(pause), decrease = last - next;
    trace.push(next);
    last = next;
    const least = tolerance * Math.abs(next), rounding = roundingNow();
    if (decrease > least && decrease > rounding) continue;
    // What is told apart by rounding alone is not known to have settled, unless nothing is left.
    const settled = decrease <= least && least >= rounding || Math.abs(next) <= roundingsOfZero * rounding;
    return { status: settled ? "converged" : "precision-limit", objective: last };
  }
  return { status: "iteration-limit", objective: last };
}
