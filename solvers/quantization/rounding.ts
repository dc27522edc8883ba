import { roundHalfToEven } from "../../kernels/engine/mod.ts";
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

/** Gives the rows without codes those of the nearest points of their grid. */
export function roundToNearest<A extends Approximation>(problem: Problem, approximation: A): A {
  const { weights, rows, columns, groups, groupIndex, maximumCode } = problem;
  const { grid: { scales, zeros }, outliers, codes, codedRows } = approximation;
  const buffer = likeVector(weights.data, columns);
  for (let i = codedRows; i < rows; i++) {
    const target = targetRow(weights, outliers, i, buffer);
    for (let j = 0; j < columns; j++) {
      const group = i * groups + (groupIndex ? groupIndex[j] : 0);
      const code = roundHalfToEven(target[j] / scales.data[group]) + zeros.data[group];
      codes[i * columns + j] = Math.min(Math.max(code, 0), maximumCode);
    }
  }
  return { ...approximation, codedRows: rows };
}
