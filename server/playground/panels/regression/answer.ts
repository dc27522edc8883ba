import type { Settled } from "../../contents/table.ts";
import type { Status } from "../../../../solvers/core/result.ts";
import type { Ran } from "../words.ts";

/** A point of the path. */
export interface PathPoint {
  readonly lambda0: number;
  readonly size: number;
  /** Value of the criterion; the least is best. */
  readonly criterion: number;
  /** Standard error of it, from a cross-validation. */
  readonly error?: number;
}

/** A model of few features, and the path that it was chosen from. */
export interface RegressionAnswer {
  readonly target: string;
  readonly featureCount: number;
  readonly samples: number;
  readonly settled: Settled;
  /** What is compared along the path. */
  readonly criterion: string;
  readonly path: readonly PathPoint[];
  /** Index of the chosen point. */
  readonly chosen: number;
  readonly names: readonly string[];
  /** In the units of the data. */
  readonly coefficients: readonly number[];
  /** Coefficients times the standard deviations of their features: what they weigh in the data. */
  readonly effects: readonly number[];
  readonly intercept: number;
  /** Share of the variance that the model explains, on the data it was fitted to. */
  readonly explained: number;
  readonly gap?: number;
  readonly status: Status;
  readonly remarks: readonly string[];
  readonly ran: Ran;
  /** What was measured and what the model says, for a picture. */
  readonly measured: Float64Array;
  readonly predicted: Float64Array;
}
