import type { Matrix, Vector } from "./matrix.ts";

/** Share of a column's mean square below which what centring leaves is rounding: the column is constant. */
const roundingShare = 1e-20;

/** Means and spreads of the columns of a matrix. */
export interface ColumnMoments {
  /** Mean of each column; 0 where columns are not centred. */
  readonly means: Float64Array;
  /** Mean square of each column about its mean, exactly 0 where that is rounding. */
  readonly variances: Float64Array;
}

/** Moments of all columns, about their means or about zero; row by row, as the data lie. */
export function columnMoments({ data, shape: [rows, columns] }: Matrix, center: boolean): ColumnMoments {
  const means = new Float64Array(columns), variances = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let i = 0; i < rows; i++) addSquares(squares, data, i * columns);
  if (center) {
    for (let i = 0; i < rows; i++) addRow(means, data, i * columns);
    for (let j = 0; j < columns; j++) means[j] /= rows;
    for (let i = 0; i < rows; i++) addSpreads(variances, means, data, i * columns);
  } else variances.set(squares);
  for (let j = 0; j < columns; j++) {
    variances[j] = variances[j] > roundingShare * squares[j] ? variances[j] / rows : 0;
  }
  return { means, variances };
}

// Functions of a row, because engines compile what is called often sooner than a loop that runs long.

function addRow(sums: Float64Array, data: Vector, from: number): void {
  for (let j = 0; j < sums.length; j++) sums[j] += data[from + j];
}

function addSquares(squares: Float64Array, data: Vector, from: number): void {
  for (let j = 0; j < squares.length; j++) squares[j] += data[from + j] * data[from + j];
}

function addSpreads(variances: Float64Array, means: Float64Array, data: Vector, from: number): void {
  for (let j = 0; j < means.length; j++) {
    const centered = data[from + j] - means[j];
    variances[j] += centered * centered;
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
  const { variances } = columnMoments(X, true);
  return Uint32Array.from(variances.keys()).filter((j) => variances[j] === 0);
}
