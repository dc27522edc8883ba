import { ShapeError } from "../core/errors.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import { type CheckedObservations, checkObservations, type Observations } from "../core/observations.ts";
import type { IndicesLike } from "../core/options.ts";
import { damping, type Offsets } from "./offsets.ts";
import { type LowRankModel, predictEntries, type Unobserved } from "./prediction.ts";
import { counted } from "../core/shown.ts";

/** New rows of a completed matrix. */
export interface FoldedRows {
  /** Factors of the new rows [new rows, rank]. */
  readonly left: Matrix;
  /** What each row adds to the mean; where the matrix has offsets. */
  readonly rowOffsets?: Float64Array;
  /** Entries of the new rows. */
  predict(rows: IndicesLike, columns: IndicesLike): Float64Array;
}

/** What can take new rows. */
export interface Foldable<Folded> {
  /** Places new rows beside those of the fit. */
  foldIn(newRows: Observations): Promise<Folded>;
}

/**
 * New rows without another fit: each row's factor, and its offset where there are offsets, by a ridge regression of its
 * entries on the factors of the columns. The ridge follows from the fit: noise as large as its residual, and factors as
 * large as those of its rows. For {@linkcode completeQuantized} it is the optimum of the row's part of the objective, for
 * {@linkcode completeViolations} the least squares of violations with such a ridge, both by Newton's method. A row without
 * entries is predicted by the offsets. O(entries rank^2 + rows rank^3), for levels a few times that.
 *
 * @param fit An answer of `completeMatrix`, `completeQuantized` or `completeViolations`.
 * @param newRows Entries of the new rows, numbered from 0: values or levels, with as many columns as the fit.
 * @throws {ShapeError} for another number of columns
 * @throws {DataError} for what is no level of the fit, an entry that stands there twice or is not finite
 * @throws {TypeError} for a fit without `foldIn`, such as one that was stored
 *
 * @example
 * ```ts
 * import { completeMatrix, foldIn } from "@minima/minima";
 * const observed = { shape: [3, 2] as const, rows: [0, 0, 1, 1, 2], columns: [0, 1, 0, 1, 0], values: [1, 2, 2, 4, 3] };
 * const fit = await completeMatrix(observed, { holdout: 0 });
 * const folded = await foldIn(fit, { shape: [1, 2], rows: [0], columns: [0], values: [10] });
 * if (Math.abs(folded.predict([0], [1])[0] - 20) > 1e-2) throw new Error("twice as much");
 * ```
 */
export function foldIn<Folded>(fit: Foldable<Folded>, newRows: Observations): Promise<Folded> {
  if (typeof fit?.foldIn === "function") return fit.foldIn(newRows);
  const what = "an answer of completeMatrix, completeQuantized or completeViolations, as they gave it";
  return Promise.reject(new TypeError(`Cannot fold in new rows: expected "fit" to be ${what}.`));
}

/** Least noise, as a share of the size of factors: exact data still leave a well-posed regression. */
const leastNoise = 1e-8;

/** The rows of a model with so much noise. */
export function foldRows(model: LowRankModel, noise: number, newRows: Observations): FoldedRows {
  const { left, right, offsets, unobserved } = model, [height, rank] = left.shape, columns = right.shape[0];
  const checked = checkObservations("newRows", newRows, "fold in new rows", 0), { shape, indptr } = checked;
  if (shape[1] !== columns) {
    throw new ShapeError(
      "newRows",
      `Cannot fold in new rows: "newRows" has ${counted(shape[1], "column")}, but the fit has ${columns}.`,
    );
  }
  const meanSquare = (values: ArrayLike<number>, from: number, step: number, count: number) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[from + i * step] ** 2;
    return sum / count;
  };
  // Variances of the unknowns: factors, then the offset.
  const spreads = Array.from({ length: rank }, (_, k) => meanSquare(left.data, k, rank, height));
  if (offsets) spreads.push(meanSquare(offsets.rows, 0, 1, height));
  const size = spreads.length;
  let largest = 0;
  for (let k = 0; k < rank; k++) largest = Math.max(largest, spreads[k] * meanSquare(right.data, k, rank, columns));
  if (offsets) largest = Math.max(largest, spreads[rank]);
  const variance = Math.max(noise * noise, leastNoise ** 2 * largest) || 1;
  const folded = new Float64Array(shape[0] * rank), rowOffsets = new Float64Array(shape[0]);
  for (let i = 0; i < shape[0]; i++) {
    // Unknowns in units of their spreads: form = D A^T W A D + variance, and what spreads nothing stays 0.
    const form = new Float64Array(size * size), target = new Float64Array(size), row = new Float64Array(size);
    for (let k = 0; k < size; k++) form[k * (size + 1)] = variance;
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const j = checked.columns[e], weight = checked.weights ? checked.weights[e] : 1;
      for (let k = 0; k < size; k++) row[k] = Math.sqrt(spreads[k]) * (k < rank ? right.data[j * rank + k] : 1);
      const value = checked.values[e] - (offsets ? offsets.mean + offsets.columns[j] : 0);
      for (let k = 0; k < size; k++) {
        target[k] += weight * value * row[k];
        for (let l = 0; l <= k; l++) form[k * size + l] += weight * row[k] * row[l];
      }
    }
    solvePositive(form, target, size);
    for (let k = 0; k < rank; k++) folded[i * rank + k] = Math.sqrt(spreads[k]) * target[k];
    if (offsets) rowOffsets[i] = Math.sqrt(spreads[rank]) * target[rank];
  }
  const rows = matrix(shape[0], rank, folded);
  const empty = Uint32Array.from({ length: shape[0] }, (_, i) => i).filter((i) => indptr[i] === indptr[i + 1]);
  const own: LowRankModel = {
    left: rows,
    right,
    ...(offsets && { offsets: { ...offsets, rows: rowOffsets } }),
    ...(unobserved && { unobserved: { ...unobserved, rows: empty, offsets: besideOf(unobserved, checked) } }),
  };
  return {
    left: rows,
    ...(offsets && { rowOffsets }),
    predict: (rows, columns) => predictEntries(own, rows, columns),
  };
}

/** What predicts new rows at columns without entries: the offsets of the columns, and their own. */
function besideOf({ offsets: { mean, columns: other } }: Unobserved, given: CheckedObservations): Offsets {
  const { shape, rows, columns, values, weights } = given;
  const own = new Float64Array(shape[0]), sums = new Float64Array(shape[0]).fill(damping);
  for (let e = 0; e < values.length; e++) {
    const weight = weights ? weights[e] : 1;
    own[rows[e]] += weight * (values[e] - mean - other[columns[e]]);
    sums[rows[e]] += weight;
  }
  return { mean, rows: own.map((value, i) => value / sums[i]), columns: other };
}

/** Solves a positive definite system in place, of which the lower triangle is given. */
export function solvePositive(form: Float64Array, target: Float64Array, size: number): void {
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < j; k++) form[j * (size + 1)] -= form[j * size + k] ** 2;
    form[j * (size + 1)] = Math.sqrt(form[j * (size + 1)]);
    for (let i = j + 1; i < size; i++) {
      for (let k = 0; k < j; k++) form[i * size + j] -= form[i * size + k] * form[j * size + k];
      form[i * size + j] /= form[j * (size + 1)];
    }
  }
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) target[i] -= form[i * size + k] * target[k];
    target[i] /= form[i * (size + 1)];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) target[i] -= form[k * size + i] * target[k];
    target[i] /= form[i * (size + 1)];
  }
}
