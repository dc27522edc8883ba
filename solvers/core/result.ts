import type { BackendName, Plan } from "../../kernels/engine/mod.ts";

/** How a solve ended: at its tolerance, or at a limit with the best answer so far. */
export type Status = "converged" | "iteration-limit" | "time-limit" | "node-limit";

/** What every solver accepts. */
export interface SolveOptions {
  /** Where to run. @default "auto" */
  readonly backend?: "auto" | BackendName;
  /** Most threads to use. @default as many as the runtime offers */
  readonly threads?: number;
  /** Most outer iterations. */
  readonly maxIterations?: number;
  /** Relative change or gap at which to stop. */
  readonly tolerance?: number;
  /** Wall-clock limit in milliseconds; the best answer so far is returned. @default none */
  readonly timeLimitMs?: number;
  /** Seed of the random generator. @default 0 */
  readonly seed?: number;
  /** Aborts the solve, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called now and then while the solve runs. */
  readonly onProgress?: (event: ProgressEvent) => void;
}

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
