import type { Run } from "../core/run.ts";

/** What a solve has done of the work that was foreseen, in dense passes, and where it tells so. */
export interface Meter {
  /** Work done so far. */
  readonly passes: number;
  /** Adds the work of `rows` rows, in passes over each of them. */
  spend(passes: number, rows: number): void;
  /**
   * Reports progress, at the iteration last told where none is given.
   *
   * @returns whether the time that is left is needed for what comes last
   */
  checkpoint(stage: string, iteration?: number, objective?: number): Promise<boolean>;
  /** Does some work that takes as long as what comes last will, for which so much time is then left. */
  timed<T>(work: () => Promise<T>): Promise<T>;
}

/** What comes last may take a little longer than what was timed. */
const allowance = 1.1;

/** The meter of a layer of `rows` rows. */
export function createMeter(run: Run, rows: number, foreseenPasses: number, timeLimitMs: number): Meter {
  let passes = 0, last = 0, reservedMs = 0;
  return {
    get passes() {
      return passes;
    },
    spend(more, ofRows) {
      passes += more * ofRows / rows;
    },
    async checkpoint(stage, iteration = last, objective) {
      last = iteration;
      const fraction = foreseenPasses > 0 ? Math.min(1, passes / foreseenPasses) : 0;
      return await run.checkpoint({ stage, fraction, iteration, objective }) ||
        run.elapsedMs() + reservedMs >= timeLimitMs;
    },
    async timed(work) {
      const began = run.elapsedMs(), result = await work();
      reservedMs = allowance * (run.elapsedMs() - began);
      return result;
    },
  };
}
