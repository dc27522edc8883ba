/** A regression's data and their products by plain sums, apart from the kernels. @module */

import { addScaled, plainDot } from "../core/plain_sums.ts";

/** Samples, answers, and products that no kernel computes. */
export interface PlainData {
  /** Samples row by row [rows, columns]. */
  readonly X: Float64Array;
  readonly y: Float64Array;
  readonly rows: number;
  readonly columns: number;
  /** `X v`; zero outside rows `begin` to `end`. */
  times(v: ArrayLike<number>, begin?: number, end?: number): Float64Array;
  /** `X^T u` over rows `begin` to `end`. */
  transposed(u: ArrayLike<number>, begin?: number, end?: number): Float64Array;
}

/** The data with their plain products. */
export function plainData(X: Float64Array, y: Float64Array): PlainData {
  const rows = y.length, columns = rows === 0 ? 0 : X.length / rows;
  return {
    X,
    y,
    rows,
    columns,
    times(v, begin = 0, end = rows) {
      const image = new Float64Array(rows);
      for (let i = begin; i < end; i++) image[i] = plainDot(X, v, columns, i * columns);
      return image;
    },
    transposed(u, begin = 0, end = rows) {
      const sum = new Float64Array(columns);
      for (let i = begin; i < end; i++) if (u[i] !== 0) addScaled(sum, u[i], X, i * columns);
      return sum;
    },
  };
}
