/** Matrices of low rank cut into bins, and the objective of violations by its definition. @module */

import type { Entries } from "../../../solvers/completion/entries.ts";
import { lowRank } from "./problems.ts";
import { singularValuesOf } from "./problems.ts";

/** A matrix of low rank, of which the levels of some entries are seen: six, equally frequent. */
export function cutLowRank(
  { rows, columns, rank, share, seed, noise = 0 }: {
    readonly rows: number;
    readonly columns: number;
    readonly rank: number;
    readonly share: number;
    readonly seed: number;
    readonly noise?: number;
  },
) {
  const { whole, observed } = lowRank(rows, columns, rank, share, seed, noise), sorted = whole.toSorted();
  const boundaries = [1, 2, 3, 4, 5].map((k) => sorted[Math.floor(k * sorted.length / 6)]);
  const levelOf = (value: number) => boundaries.filter((boundary) => value > boundary).length;
  return { whole, boundaries, observed: { ...observed, values: observed.values.map(levelOf) } };
}

/** `F(X) + weight / width^2 sum w h(violation)`, from the definition. */
export function violationObjective(
  x: Float64Array,
  { shape: [rows, columns], rows: i, columns: j, weights, bins }: Entries,
  width: number,
): number {
  const { lower, upper, threshold, weight } = bins!;
  let sum = singularValuesOf(x, rows, columns).reduce(
    (total, s) => total - Math.expm1(-s * s / (2 * width * width)),
    0,
  );
  i.forEach((row, e) => {
    const value = x[row * columns + j[e]], v = Math.max(0, value - upper[e], lower[e] - value);
    const price = v <= threshold ? v * v / 2 : threshold * (v - threshold / 2);
    sum += weight * (weights ? weights[e] : 1) * price / (width * width);
  });
  return sum;
}
