/** The course of a transduction: its steps, and what ends them. @module */

import type { Status } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { timeIsUp } from "./time_limit.ts";

/** Steps that a solve is planned for. */
export const foreseenSteps = 200;

/** Steps, and what ends them. */
export interface Course {
  readonly trace: number[];
  ended(): Status | undefined;
  /** @throws {typeof timeIsUp} at the time limit, and the reason of an abort */
  pause(): Promise<void>;
  /** The same for what an answer needs, however late it is. @throws the reason of an abort */
  hear(): Promise<void>;
}

/** Begins the course of a run. */
export function startCourse(run: Run, maxIterations: number): Course {
  const trace: number[] = [];
  let late = false;
  const hear = async () => {
    const iteration = trace.length, fraction = Math.min(1, iteration / foreseenSteps);
    late = await run.checkpoint({ stage: "transduction", fraction, iteration, objective: trace.at(-1) }) || late;
  };
  return {
    trace,
    ended: () => late ? "time-limit" : trace.length >= maxIterations ? "iteration-limit" : undefined,
    async pause() {
      await hear();
      if (late) throw timeIsUp;
    },
    hear,
  };
}
