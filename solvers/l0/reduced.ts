/**
 * Least squares by orthogonal reduction: what is asked of many subsets of few columns is asked of a triangular factor.
 *
 * @module
 */

import { createPace, type Steps } from "../core/steps.ts";

/**
 * `||y - X b||^2 / 2 + lambda2 ||b||^2` as `||z - R b||^2 / 2 + rest`, where `R` is the triangular factor of `X` above
 * `sqrt(2 lambda2) I`: the same numbers to rounding, from `features` rows instead of all samples.
 */
export interface ReducedLeastSquares {
  readonly features: number;
  /** Columns of `R`, upper triangular: column `j` has `j + 1` numbers that may differ from zero. */
  readonly columns: readonly Float64Array[];
  /** Their lengths. */
  readonly lengths: Float64Array;
  /** `z`, as many numbers as there are features. */
  readonly response: Float64Array;
  /** Half the squared length of what no coefficients reach. */
  readonly rest: number;
}

/**
 * Reduces columns of one length by Householder reflections (Golub & Van Loan 2013, 5.2). O(samples x features^2). Uses up
 * the columns and the response.
 *
 * @param columns One column of `X` a feature, each with `features` numbers more at its end, which are overwritten.
 * @param response As long as the columns, likewise.
 * @param samples Numbers of each that are data.
 * @returns Nothing where the time is up.
 */
export function* reduceLeastSquares(
  columns: readonly Float64Array[],
  response: Float64Array,
  samples: number,
  lambda2: number,
): Steps<ReducedLeastSquares | undefined> {
  const isDue = createPace();
  const features = columns.length, ridge = Math.sqrt(2 * lambda2);
  columns.forEach((column, j) => {
    column.fill(0, samples);
    column[samples + j] = ridge;
  });
  response.fill(0, samples);
  for (let j = 0; j < features; j++) {
    // Rows of the ridge below are still zero.
    const end = lambda2 > 0 ? samples + j + 1 : samples;
    if (j >= end) break;
    const reflection = reflectionOf(columns[j], j, end);
    if (reflection === undefined) continue;
    reflection(response);
    for (let k = j + 1; k < features; k++) {
      reflection(columns[k]);
      if (isDue(2 * (end - j)) && (yield)) return undefined;
    }
    columns[j][j] = reflection.head;
  }
  let rest = 0;
  for (let i = features; i < response.length; i++) rest += response[i] * response[i];
  const triangle = columns.map((column, j) => {
    const short = column.slice(0, features);
    short.fill(0, j + 1);
    return short;
  });
  return {
    features,
    columns: triangle,
    lengths: lengthsOf(triangle),
    response: response.slice(0, features),
    rest: rest / 2,
  };
}

/** Condition of a Gram matrix up to which its Cholesky factor tells the columns apart well enough. */
const largestCondition = 1e7;

/**
 * The same from the Gram matrix `G = R^T R` and `X^T y`, O(features^3); nothing where its condition is too large, for which
 * the square of the ratio of the diagonal of `R` stands. In steps, to the end whatever the time.
 *
 * @param gram Row by row, ridge included; used up.
 * @param halfSquare `||y||^2 / 2`.
 */
export function* reduceGramInSteps(
  gram: readonly Float64Array[],
  linear: ArrayLike<number>,
  halfSquare: number,
): Steps<ReducedLeastSquares | undefined> {
  const isDue = createPace();
  const features = gram.length, response = new Float64Array(features);
  let least = Infinity, most = 0, rest = halfSquare;
  for (let j = 0; j < features; j++) {
    const column = gram[j];
    reduceRow(gram, j);
    if (!(column[j] > 0)) return undefined;
    column[j] = Math.sqrt(column[j]);
    if (isDue(j * j / 2)) yield;
    column.fill(0, j + 1);
    least = Math.min(least, column[j]);
    most = Math.max(most, column[j]);
    if (most * most > largestCondition * least * least) return undefined;
    response[j] = (linear[j] - dotBetween(column, response, 0, j)) / column[j];
    rest -= response[j] ** 2 / 2;
  }
  return { features, columns: gram, lengths: lengthsOf(gram), response, rest: Math.max(0, rest) };
}

/** Row `j` of a Gram matrix, up to its diagonal, as that of the Cholesky factor, of which the rows before it are there. */
function reduceRow(gram: readonly Float64Array[], j: number): void {
  const column = gram[j];
  for (let i = 0; i < j; i++) column[i] = (column[i] - dotBetween(gram[i], column, 0, i)) / gram[i][i];
  column[j] -= dotBetween(column, column, 0, j);
}

/** What makes a column zero below row `from` by a reflection of rows `from` to `end`; nothing where it is zero already. */
function reflectionOf(
  pivot: Float64Array,
  from: number,
  end: number,
): ((column: Float64Array) => void) & { readonly head: number } | undefined {
  let largest = 0;
  for (let i = from; i < end; i++) largest = Math.max(largest, Math.abs(pivot[i]));
  if (largest === 0) return undefined;
  let squares = 0;
  for (let i = from; i < end; i++) squares += (pivot[i] / largest) ** 2;
  const length = largest * Math.sqrt(squares), head = pivot[from] > 0 ? -length : length;
  // v = x - head e, beta = 2 / ||v||^2 = 1 / (head (head - x_from)).
  const lead = pivot[from] - head, beta = -1 / head / lead;
  const apply = (column: Float64Array) => {
    let sum = lead * column[from];
    for (let i = from + 1; i < end; i++) sum += pivot[i] * column[i];
    const factor = beta * sum;
    if (factor === 0) return;
    column[from] -= factor * lead;
    for (let i = from + 1; i < end; i++) column[i] -= factor * pivot[i];
  };
  return Object.assign(apply, { head });
}

/** `||z - R b||^2 / 2 + rest` */
export function lossAt({ features, columns, response, rest }: ReducedLeastSquares, coefficients: Float64Array): number {
  const residual = response.slice();
  for (let j = 0; j < features; j++) {
    if (coefficients[j] === 0) continue;
    for (let i = 0; i <= j; i++) residual[i] -= coefficients[j] * columns[j][i];
  }
  return residual.reduce((sum, value) => sum + value * value / 2, rest);
}

/** Lengths of the columns of a triangle. */
function lengthsOf(columns: readonly Float64Array[]): Float64Array {
  return Float64Array.from(columns, (column, j) => lengthOf(column, j + 1));
}

/** Length of a vector of so many numbers. */
function lengthOf(values: Float64Array, count: number): number {
  const squares = dotBetween(values, values, 0, count);
  // Squares that leave the range of numbers are for the slow function.
  return squares > 1e-250 && squares < 1e250 ? Math.sqrt(squares) : Math.hypot(...values);
}

/** `sum_k a_k b_k` for `k` from `begin` to `end`: four sums at a time do not wait for one another. */
export function dotBetween(a: Float64Array, b: Float64Array, begin: number, end: number): number {
  let s = 0, t = 0, u = 0, v = 0, k = begin;
  for (; k + 3 < end; k += 4) {
    s += a[k] * b[k];
    t += a[k + 1] * b[k + 1];
    u += a[k + 2] * b[k + 2];
    v += a[k + 3] * b[k + 3];
  }
  for (; k < end; k++) s += a[k] * b[k];
  return s + t + (u + v);
}
