/** What a request asks for, and what comes of it, as they travel between threads. @module */

import type { ProgressEvent } from "../solvers/core/mod.ts";
import type { ArrayForm } from "./answer.ts";
import type { ServedBackend } from "./options.ts";

/** What the service allows a solve. */
export interface SolveLimits {
  /** Longest solve, in milliseconds. */
  readonly timeLimitMs: number;
  /** Most threads. */
  readonly threads: number;
  /** Where it may run. */
  readonly backends: readonly ServedBackend[];
}

/** What is asked for. */
export interface Job {
  /** Path of the route. */
  readonly path: string;
  /** Kind of the body. */
  readonly bodyType: "json" | "safetensors";
  /** The body as it came. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Kind of the answer. */
  readonly answerType: "json" | "safetensors";
  /** How arrays stand in JSON. */
  readonly arrays: ArrayForm;
  /** The client takes a compressed answer. */
  readonly gzip: boolean;
  /** What the service allows. */
  readonly limits: SolveLimits;
}

/** The answer, or a problem. */
export interface Answer {
  /** Status of the response. */
  readonly status: number;
  /** Header fields of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, in pieces: it may be longer than a string can be. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
}

/** How a solve is held. */
export interface Hold {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Told of its progress. */
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** Where jobs are done. */
export interface Solver {
  /** Does one job; what goes wrong is an answer, too. */
  solve(job: Job, hold: Hold): Promise<Answer>;
  /** Makes ready for as many jobs as there are places. */
  prepare?(): Promise<void>;
  /** What it holds. */
  usage(): SolverUsage;
  /** Ends what it holds. */
  close(): void;
}

/** What a solver holds, in numbers. */
export interface SolverUsage {
  /** Worker threads, those without work among them. */
  readonly workers: number;
  /** Workers that have ended so far, by the reason. */
  readonly ended: Readonly<Record<WorkerEnd, number>>;
  /** Working memory of the compiled kernels, in bytes. */
  readonly memoryBytes: number;
}

/**
 * Why a worker ended: it had no work, was lost, did not end a solve in time or after its client had left, or the service
 * was closed.
 */
export type WorkerEnd = "idle" | "lost" | "late" | "left" | "closed";
