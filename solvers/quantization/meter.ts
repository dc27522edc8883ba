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
   * @returns whether the time limit has passed
   */
  checkpoint(stage: string, iteration?: number, objective?: number): Promise<boolean>;
}

/** The meter of a layer of `rows` rows. */
export function createMeter(run: Run, rows: number, foreseenPasses: number): Meter {
  let passes = 0, last = 0;
  return {
    get passes() {
      return passes;
    },
    spend(more, ofRows) {
      passes += more * ofRows / rows;
    },
    checkpoint(stage, iteration = last, objective) {
      last = iteration;
      return run.checkpoint({ stage, fraction: Math.min(1, passes / foreseenPasses), iteration, objective });
    },
  };
}
