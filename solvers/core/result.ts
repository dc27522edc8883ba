import type { Plan } from "../../kernels/engine/mod.ts";

/**
 * How a solve ended: at its tolerance, or at a limit with the best answer so far. At the `precision-limit` rounding has
 * stopped it.
 */
export type Status = "converged" | "iteration-limit" | "time-limit" | "node-limit" | "precision-limit";

/** How far a solve is. */
export interface ProgressEvent {
  /** What is being done. */
  readonly stage: string;
  /** Share of the work done, 0 to 1, as far as it can be told. */
  readonly fraction: number;
  /** Outer iterations so far. */
  readonly iteration: number;
  /** Best objective so far, where one is known. */
  readonly objective?: number;
  /** Best lower bound on the optimum so far, from solvers that certify. */
  readonly bound?: number;
  /** Milliseconds since the solve began. */
  readonly elapsedMs: number;
}

/** What every solver returns beside its answer. */
export interface Result {
  /** How the solve ended. */
  readonly status: Status;
  /** Value of the objective at the answer, computed in f64 apart from the fast path. */
  readonly objective: number;
  /** Objective by iteration. */
  readonly trace: Float64Array;
  /** Outer iterations done. */
  readonly iterations: number;
  /** Wall-clock time of the solve, in milliseconds. */
  readonly elapsedMs: number;
  /** Where the solve ran, and why. */
  readonly plan: Plan;
}
