import type { NodeBatch } from "../l0/node_batch.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import type { SearchOptions } from "../l0/search.ts";
import type { SupportData } from "../l0/support_solution.ts";
import type { Constraints } from "./data.ts";
import type { Elimination, SupportRows } from "./support_rows.ts";

/** A coefficient vector that is zero outside `features`, and what the descents need to know of it. */
export interface Estimate {
  /** Active features, each once. */
  readonly features: readonly number[];
  /** Their coefficients, zeros among them. */
  readonly coefficients: Float64Array;
  /** `X^T (y - X b)`, one element a feature. */
  readonly correlations: Float64Array;
}

/** Features with coefficients to start from. */
export interface SparseStart {
  readonly features: ArrayLike<number>;
  readonly coefficients: ArrayLike<number>;
}

/** What one descent is asked for. */
export interface Descent {
  readonly features: readonly number[];
  /** Penalty kind of each feature. */
  readonly kinds: ArrayLike<number>;
  readonly coefficients: ArrayLike<number>;
  readonly penalty: L0Penalty;
  readonly sweeps: number;
  readonly tolerance: number;
}

/** A least-squares problem `||y - X b||^2 / 2` from which the Gram matrix is computed row by row, where it is needed. */
export interface LeastSquares {
  readonly samples: number;
  readonly features: number;
  /** `||y||^2 / 2`. */
  readonly nullLoss: number;
  /** `X^T y`. */
  readonly linear: Float64Array;
  /** `||x_j||^2`. */
  readonly squaredNorms: Float64Array;
  /** What the coefficients may be. */
  readonly constraints: Constraints;
  /** Row `feature` of `X^T X`; a copy. `likely` says which features will be asked for next: the larger, the likelier. */
  gramRow(feature: number, likely?: () => Float64Array): Promise<Float64Array>;
  /** Computes the missing Gram rows of some features, block by block; false once `pause` says that the time is up. */
  loadRows(wanted: readonly number[], pause: () => Promise<boolean>): Promise<boolean>;
  /** What a direct solve on some features needs: their columns and the response, live views, and their Gram matrix. */
  supportData(support: readonly number[]): Promise<Required<Omit<SupportData, "lambda2" | "lower" | "upper">>>;
  /** Gram rows of some features: live views, which hold until more rows are computed. */
  rowsOf(support: readonly number[]): Promise<readonly Float64Array[]>;
  /** Room for what a support says of all features, whose curvatures are `whole` where there is none. */
  openRows(whole: Float64Array): SupportRows;
  /** Backward elimination of some features, with `ridge` on the diagonal; nothing where that leaves them dependent. */
  eliminate(present: readonly number[], ridge: number): Promise<Elimination | undefined>;
  /** The point of some coefficients: no sweep, but what the descents need to know of it. */
  estimate(features: readonly number[], coefficients: Float64Array): Promise<Estimate>;
  /** Multiply-adds of a sweep over so many features. */
  sweepWork(active: number): number;
  /** Coordinate descent on the given features; returns the estimate and the number of sweeps made. */
  descend(descent: Descent): Promise<{ estimate: Estimate; sweeps: number }>;
  /** Relaxations of nodes, many at a time; the caller releases it. */
  openNodes(penalty: L0Penalty, options: SearchOptions): NodeBatch;
}

/** `||y - X b||^2 / 2`, from the correlations. */
export function loss({ nullLoss, linear }: LeastSquares, { features, coefficients, correlations }: Estimate): number {
  let sum = 0;
  for (let i = 0; i < features.length; i++) sum += (linear[features[i]] + correlations[features[i]]) * coefficients[i];
  return nullLoss - sum / 2;
}

/** The estimate without its zero coefficients, but for those of features that are always in the support. */
export function compact({ isAlways }: Constraints, { features, coefficients, correlations }: Estimate): Estimate {
  const stays = (i: number) => coefficients[i] !== 0 || isAlways[features[i]] > 0;
  return {
    features: features.filter((_, i) => stays(i)),
    coefficients: coefficients.filter((_, i) => stays(i)),
    correlations,
  };
}
