import { DataError } from "./errors.ts";
import { checkMatrix, type Matrix, type Vector } from "./matrix.ts";
import { atOnce, createPace, type Steps } from "./steps.ts";

/**
 * Share of a column's mean square below which what centring leaves is rounding: the numbers differ by a few units in their
 * last place, and the column is constant.
 */
const roundingShare = (4 * Number.EPSILON) ** 2;

/** Means and spreads of the columns of a matrix. */
export interface ColumnMoments {
  /** Mean of each column; 0 where columns are not centred. */
  readonly means: Float64Array;
  /** What the means lack of those of the columns: numbers below their last place, which large means hide. */
  readonly tails: Float64Array;
  /** Mean square of each column about its mean, exactly 0 where that is rounding. */
  readonly variances: Float64Array;
  /** Mean square of each column about zero. */
  readonly meanSquares: Float64Array;
}

/**
 * Moments of all columns, about their means or about zero; row by row, as the data lie.
 *
 * @param weights One a row, not negative; all 1 where they are left out.
 */
export function* momentsInSteps(
  { data, shape: [rows, columns] }: Matrix,
  center: boolean,
  weights?: ArrayLike<number>,
): Steps<ColumnMoments> {
  const isDue = createPace();
  const means = new Float64Array(columns), tails = new Float64Array(columns);
  const variances = new Float64Array(columns), meanSquares = new Float64Array(columns);
  const sums = { means, tails, variances, meanSquares };
  let total = weights ? 0 : rows;
  if (weights) { for (let i = 0; i < rows; i++) total += weights[i]; }
  if (center) {
    for (let i = 0; i < rows; i++) {
      addRow(means, data, i * columns, weights ? weights[i] : 1);
      if (isDue(columns)) yield;
    }
    for (let j = 0; j < columns; j++) means[j] /= total;
  }
  for (let i = 0; i < rows; i++) {
    const from = i * columns;
    if (center) addDeviations(sums, data, from, weights ? weights[i] : 1);
    else if (weights || i + 3 >= rows) addSquares(meanSquares, data, from, weights ? weights[i] : 1);
    else {
      addFourSquares(meanSquares, data, from, from + columns, from + 2 * columns, from + 3 * columns);
      i += 3;
      if (isDue(6 * columns)) yield;
    }
    if (isDue(2 * columns)) yield;
  }
  if (!center) variances.set(meanSquares);
  for (let j = 0; j < columns; j++) {
    tails[j] /= total;
    // About the mean itself; the tail is so small that nothing cancels but rounding.
    const sum = variances[j] - total * tails[j] * tails[j];
    variances[j] = sum > roundingShare * meanSquares[j] ? sum / total : 0;
    meanSquares[j] /= total;
  }
  return sums;
}

/** The same at once. */
export function columnMoments(X: Matrix, center: boolean, weights?: ArrayLike<number>): ColumnMoments {
  return atOnce(momentsInSteps(X, center, weights));
}

// Functions of a row, because engines compile what is called often sooner than a loop that runs long.

function addRow(sums: Float64Array, data: Vector, from: number, weight: number): void {
  for (let j = 0; j < sums.length; j++) sums[j] += weight * data[from + j];
}

function addSquares(squares: Float64Array, data: Vector, from: number, weight: number): void {
  for (let j = 0; j < squares.length; j++) {
    const value = data[from + j];
    squares[j] += weight * value * value;
  }
}

/** The squares of four rows, one after another; so that the sums are read less. */
function addFourSquares(squares: Float64Array, data: Vector, a: number, b: number, c: number, d: number): void {
  for (let j = 0; j < squares.length; j++) {
    const u = data[a + j], v = data[b + j], w = data[c + j], x = data[d + j];
    squares[j] = squares[j] + u * u + v * v + w * w + x * x;
  }
}

function addDeviations(
  { means, tails, variances, meanSquares }: ColumnMoments,
  data: Vector,
  from: number,
  weight: number,
): void {
  for (let j = 0; j < means.length; j++) {
    const value = data[from + j], deviation = value - means[j], weighted = weight * deviation;
    tails[j] += weighted;
    variances[j] += weighted * deviation;
    meanSquares[j] += weight * value * value;
  }
}

/**
 * Indices of the columns that hold one value throughout, up to rounding: no model can tell anything of them.
 *
 * @param X One sample a row [samples, variables].
 *
 * @example
 * ```ts
 * import { constantColumns, fromRows } from "@minima/minima";
 * if (constantColumns(fromRows([[1, 0.1], [2, 0.1], [3, 0.1]])).join() !== "1") throw new Error("the second is constant");
 * ```
 */
export function constantColumns(X: Matrix): Uint32Array {
  checkMatrix("X", X, "look for constant columns");
  const { variances } = columnMoments(X, true);
  return Uint32Array.from(variances.keys()).filter((j) => variances[j] === 0);
}

/** Largest and least magnitude of a column or response: squares, and squares of their quotients, are far from overflow. */
const largest = 1e100, least = 1e-100;

/** Refuses a column whose squares, or the squares of quotients with it, would leave the range of numbers. */
export function checkMagnitudes(
  argument: string,
  { data, shape: [, columns] }: Matrix,
  meanSquares: Float64Array,
  action: string,
): void {
  meanSquares.forEach((square, j) => {
    let magnitude = Math.sqrt(square);
    // Squares of the tiniest numbers are 0.
    if (square === 0) {
      for (let at = j; at < data.length; at += columns) magnitude = Math.max(magnitude, Math.abs(data[at]));
    }
    if (magnitude === 0 || magnitude >= least && magnitude <= largest) return;
    const what = columns === 1 ? `"${argument}"` : `column ${j} of "${argument}"`;
    throw new DataError(
      argument,
      `Cannot ${action}: expected a size between ${least} and ${largest} of ${what}, received ${magnitude}.`,
    );
  });
}

/** A power of two to divide by where numbers are far from 1; 1 elsewhere. */
export function powerOfTwo(value: number): number {
  return value >= 1e-6 && value <= 1e6 ? 1 : 2 ** Math.floor(Math.log2(value));
}
