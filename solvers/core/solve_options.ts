/** The options that every solver takes. @module */

import type { BackendName } from "../../kernels/engine/mod.ts";
import { callback, choice, integer, number, type OptionTable, signal } from "./options.ts";
import type { ProgressEvent } from "./result.ts";

/** What every solver accepts. */
export interface SolveOptions {
  /** Where to run. @default "auto" */
  readonly backend?: "auto" | BackendName;
  /** Most threads to use, 1 to 1024. @default as many as the runtime offers */
  readonly threads?: number;
  /** Most outer iterations. */
  readonly maxIterations?: number;
  /** Relative change or gap at which to stop. */
  readonly tolerance?: number;
  /** Wall-clock limit in milliseconds, >= 0; the best answer so far is returned. @default Infinity */
  readonly timeLimitMs?: number;
  /** Seed of the random generator, a whole number below 2^32. @default 0 */
  readonly seed?: number;
  /** Aborts the solve, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called now and then while the solve runs. */
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** Shared options that may stay undefined. */
export type OpenSolveOptions = "threads" | "signal" | "onProgress";

/** Table of the options that all solvers have alike; iterations and tolerance mean something else in each. */
export const solveOptions: OptionTable<Omit<SolveOptions, "maxIterations" | "tolerance">, OpenSolveOptions> = {
  backend: choice(["auto", "reference", "wasm", "threads", "webgpu"], { default: "auto", about: "Where to run." }),
  threads: integer({
    least: 1,
    most: 1024,
    otherwise: "as many as the runtime offers",
    about: "Most threads to use.",
  }),
  timeLimitMs: number({
    least: 0,
    most: 1e12,
    infinite: true,
    unit: "ms",
    default: Infinity,
    about: "Wall-clock limit of the solve; the best answer so far is returned.",
  }),
  seed: integer({ least: 0, most: 2 ** 32 - 1, default: 0, about: "Seed of the random generator." }),
  signal: signal("Aborts the solve, which then rejects with its reason."),
  onProgress: callback("Called now and then while the solve runs."),
};
