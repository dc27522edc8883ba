import type { LossSlice } from "../../../../solvers/sharpness/mod.ts";
import type { Status } from "../../../../solvers/core/result.ts";
import type { Settled } from "../../contents/table.ts";
import type { Ran } from "../words.ts";

/** What was trained, and how flat it lies. */
export interface SharpnessAnswer {
  readonly target: string;
  readonly classes: readonly string[];
  readonly featureCount: number;
  readonly samples: number;
  readonly settled: Settled;
  readonly parameters: number;
  readonly runs: readonly TrainedRun[];
  /** Runs that are still to come. */
  readonly waiting: number;
  readonly ran: Ran;
}

/** One training. */
export interface TrainedRun {
  readonly name: string;
  readonly training: Float64Array;
  readonly heldOut: Float64Array;
  /** The epoch that was chosen, from 1 on. */
  readonly best: number;
  /** Share of the samples held out that are told right; undefined where there are none. */
  readonly accuracy?: number;
  /** Share of the samples that it was trained on. */
  readonly trainedAccuracy: number;
  readonly largestEigenvalue: number;
  readonly trace: number;
  readonly traceStandardError: number;
  readonly rhoSharpness: number;
  readonly density: { readonly nodes: Float64Array; readonly weights: Float64Array };
  readonly slice: LossSlice;
  readonly skippedSteps: number;
  readonly status: Status;
}
