import type { Matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import type { IndicesLike } from "../core/options.ts";
import type { Result } from "../core/result.ts";
import type { HoldoutCurve } from "./choice.ts";
import type { FoldedRows } from "./fold_in.ts";
import type { Offsets } from "./offsets.ts";
import type { CompletionMethod } from "./options.ts";
import type { Unobserved } from "./prediction.ts";

/** Offsets and a matrix of low rank, and what is known of them. */
export interface LowRankFit extends Result {
  /** Numbers of rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
  /** [rows, rank]; columns are orthogonal, and as long as the roots of the singular values. */
  readonly left: Matrix;
  /** [columns, rank]; the part of low rank is `left right^T`. */
  readonly right: Matrix;
  /** Number of singular values that are kept. */
  readonly rank: number;
  /** Singular values of the part of low rank, falling, in the units of the values. */
  readonly singularValues: Float64Array;
  /** A mean, and what rows and columns add to it; where they are fitted. */
  readonly offsets?: Offsets;
  /** Without `offsets`, unless they are declined: rows and columns without entries, and the offsets that predict them. */
  readonly unobserved?: Unobserved;
  /** What held-out entries say of each width or price; where some were held out. */
  readonly holdout?: HoldoutCurve;
  /** What the data would not allow, in sentences. */
  readonly remarks: readonly string[];
}

/** A completed matrix: offsets and a matrix of low rank. */
export interface CompletedMatrix extends LowRankFit {
  /** How it was completed. */
  readonly method: CompletionMethod;
  /** The last width of `srf`, in the units of the values. */
  readonly width?: number;
  /** The price of the nuclear norm of `soft-impute`. */
  readonly lambda?: number;
  /** Weighted root mean square difference between the answer and the observed values. */
  readonly residual: number;
  /** The entries of the answer at some places; observed ones are not put in. */
  predict(rows: IndicesLike, columns: IndicesLike): Float64Array;
  /** Factors and predictions of new rows, without another fit; see {@linkcode foldIn}. */
  foldIn(newRows: Observations): Promise<FoldedRows>;
}

/** A point of {@linkcode completeMatrixPath}: fitted to the entries that are not held out. */
export interface CompletionPathPoint extends CompletedMatrix {
  /** Root mean square error at the held-out entries; NaN where none are held out. */
  readonly holdoutError: number;
}
