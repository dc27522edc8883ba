/** What an analyst does to a table before its columns are compared. @module */

import { DataError } from "./errors.ts";
import { type Matrix, matrix } from "./matrix.ts";

/** Ways to change columns. */
export const columnTransforms = ["log", "log-returns", "normal-scores"] as const;

/**
 * A matrix with its columns transformed: logarithms; their differences from each row to the next, which has one row less;
 * or ranks as quantiles of the normal distribution.
 *
 * @param names Of the columns, for errors.
 * @throws {DataError} for values that have no logarithm
 */
export function transformColumns(
  samples: Matrix,
  names: readonly string[],
  transform: (typeof columnTransforms)[number],
): Matrix {
  if (transform === "normal-scores") return normalScores(samples);
  const logarithms = logarithmsOf(samples, names);
  return transform === "log" ? logarithms : differences(logarithms);
}

function logarithmsOf({ data, shape }: Matrix, names: readonly string[]): Matrix {
  const at = data.findIndex((value) => !(value > 0));
  if (at >= 0) {
    const column = names[at % names.length], row = Math.floor(at / names.length) + 1;
    throw new DataError("transform", `Cannot take logarithms: column "${column}" is ${data[at]} in row ${row}.`);
  }
  return matrix(shape[0], shape[1], Float64Array.from(data, Math.log));
}

/** Each row less the one before. */
function differences({ data, shape: [rows, columns] }: Matrix): Matrix {
  const result = matrix(Math.max(0, rows - 1), columns);
  for (let at = 0; at < result.data.length; at++) result.data[at] = data[at + columns] - data[at];
  return result;
}

/**
 * Ranks, equal values sharing their mean rank, as quantiles of the standard normal distribution at `rank / (rows + 1)`:
 * what monotone changes of a column cannot touch (Liu, Lafferty & Wasserman 2009).
 */
export function normalScores({ data, shape: [rows, columns] }: Matrix): Matrix {
  const result = matrix(rows, columns);
  for (let j = 0; j < columns; j++) {
    const value = (i: number) => data[i * columns + j];
    const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) => value(a) - value(b));
    for (let from = 0, to = 0; from < rows; from = to) {
      while (to < rows && value(order[to]) === value(order[from])) to++;
      const score = normalQuantile((from + to + 1) / 2 / (rows + 1));
      for (let k = from; k < to; k++) result.data[order[k] * columns + j] = score;
    }
  }
  return result;
}

/** Of the standard normal distribution at a share in (0, 1): Newton steps on the integral of the density. */
function normalQuantile(share: number): number {
  if (share > 0.5) return -normalQuantile(1 - share);
  const tail = Math.sqrt(-2 * Math.log(share));
  // Hastings' start (Abramowitz & Stegun 26.2.23) is right to 4.5e-4; two Newton steps make that rounding.
  let z = -(tail - (2.515517 + tail * (0.802853 + tail * 0.010328)) /
      (1 + tail * (1.432788 + tail * (0.189269 + tail * 0.001308))));
  for (let step = 0; step < 3; step++) {
    const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    z -= (lowerTail(z, density) - share) / density;
  }
  return z;
}

/** The distribution function at `z <= 0`: a series near zero, Laplace's continued fraction in the tail. */
function lowerTail(z: number, density: number): number {
  if (z < -3) {
    let fraction = -z;
    for (let k = 60; k > 0; k--) fraction = -z + k / fraction;
    return density / fraction;
  }
  let term = z, sum = z;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) sum += term *= z * z / (2 * k + 1);
  return 0.5 + density * sum;
}
