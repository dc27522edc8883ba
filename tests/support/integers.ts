/** Regressions on integers, whose loss is known without rounding. @module */

import { type Matrix, matrix } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";

/** Two columns of size 2^40 that differ by some units, and a response that their difference explains a part of. */
export function cancellingIntegers(rows: number, seed: number): { X: Matrix; y: Float64Array } {
  const random = createRandom(seed), X = matrix(rows, 2);
  const y = Float64Array.from({ length: rows }, () => random.integer(2000) - 1000);
  for (let i = 0; i < rows; i++) {
    X.data[2 * i] = Math.floor(2 ** 40 * random.uniform());
    X.data[2 * i + 1] = X.data[2 * i] + random.integer(9);
  }
  return { X, y };
}

/** The loss of integers at any coefficients, about the mean of the residuals where there is an intercept; not rounded. */
export function lossOfIntegers(
  { data, shape }: Matrix,
  y: Float64Array,
  b: ArrayLike<number>,
  intercept: boolean,
): number {
  const shift = 2 ** 100, [rows, columns] = shape, whole = BigInt(rows);
  const exact = Array.from(b, (value) => BigInt(value * shift));
  const residuals = Array.from(y, (value, i) => {
    let sum = BigInt(value) * BigInt(shift);
    for (let j = 0; j < columns; j++) sum -= BigInt(data[i * columns + j]) * exact[j];
    return sum * whole;
  });
  const mean = intercept ? residuals.reduce((sum, value) => sum + value, 0n) / whole : 0n;
  const squares = residuals.reduce((sum, value) => sum + (value - mean) ** 2n, 0n);
  return Number(squares / BigInt(shift)) / shift / rows ** 2 / 2;
}
