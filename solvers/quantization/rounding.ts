import { likeVector, type Matrix, type SparseMatrix, type Vector } from "../core/matrix.ts";
import type { Approximation, Problem } from "./problem.ts";

/**
 * Row `i` of what the grid approximates: the weights themselves, or in `buffer`, of as many columns and of their
 * precision, the weights less the outliers.
 */
export function targetRow(
  { data, shape: [, columns] }: Matrix,
  outliers: SparseMatrix | undefined,
  i: number,
  buffer: Vector,
): Vector {
  const row = data.subarray(i * columns, (i + 1) * columns);
  if (!outliers) return row;
  buffer.set(row);
  for (let k = outliers.indptr[i]; k < outliers.indptr[i + 1]; k++) buffer[outliers.indices[k]] -= outliers.data[k];
  return buffer;
}

/** Adding and subtracting it rounds numbers below 2^51 to whole ones, halves to the even one. */
const rounder = 1.5 * 2 ** 52;

/** The level nearest to a real one, from `low` to `high`, which are whole. */
export function nearestLevel(real: number, low: number, high: number): number {
  return Math.min(Math.max(real, low), high) + rounder - rounder;
}

/** Gives the rows without codes those of the nearest points of their grid. */
export function roundToNearest<A extends Approximation>(problem: Problem, approximation: A): A {
  const { weights, rows, columns, groups, groupIndex, maximumCode } = problem;
  const { grid: { scales, zeros }, outliers, codes, codedRows } = approximation;
  const buffer = likeVector(weights.data, columns);
  for (let i = codedRows; i < rows; i++) {
    const target = targetRow(weights, outliers, i, buffer);
    for (let j = 0; j < columns;) {
      // Columns of a group mostly follow each other.
      const group = groupIndex ? groupIndex[j] : 0, scale = scales.data[i * groups + group];
      const zero = zeros.data[i * groups + group], low = -zero, high = maximumCode - zero;
      do {
        codes[i * columns + j] = zero + nearestLevel(target[j] / scale, low, high);
        j++;
      } while (j < columns && (!groupIndex || groupIndex[j] === group));
    }
  }
  return { ...approximation, codedRows: rows };
}
