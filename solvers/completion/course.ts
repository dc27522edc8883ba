import type { Status } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { inSteps, type Steps } from "../core/steps.ts";
import { timeIsUp } from "./time_limit.ts";

/** The course of a completion: steps, their objective, and what ends them. */
export interface Course {
  /** Objective by step. */
  readonly trace: number[];
  /** A limit that was reached; it ends all loops. */
  ended(): Status | undefined;
  /** What is being done, and how far it is. */
  at(stage: string, fraction: number): void;
  /** Called between kernels. @throws {typeof timeIsUp} at the time limit, and the reason of an abort */
  pause(): Promise<void>;
  /** Takes steps of which an answer needs something even where the time is up. @throws the reason of an abort */
  take<T>(steps: Steps<T>): Promise<T>;
  /** Notes a step. */
  note(cost: number): void;
}

/** The course of a run of at most so many steps. */
export function startCourse(run: Run, maxIterations: number): Course {
  const trace: number[] = [];
  let ended: Status | undefined, stage = "entries", fraction = 0;
  const late = async () => {
    const late = await run.checkpoint({ stage, fraction, iteration: trace.length, objective: trace.at(-1) });
    if (late) ended ??= "time-limit";
    return late;
  };
  return {
    trace,
    ended: () => ended,
    at(what, share) {
      stage = what;
      fraction = Math.min(1, Math.max(fraction, share));
    },
    async pause() {
      if (await late()) throw timeIsUp;
    },
    take: (steps) => inSteps(steps, late),
    note(cost) {
      trace.push(cost);
      if (trace.length >= maxIterations) ended ??= "iteration-limit";
    },
  };
}
