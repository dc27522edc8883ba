/** Between points of the descents and sparse matrices. @module */

import { DataError, ShapeError } from "../core/errors.ts";
import { checkSparseMatrix, type SparseMatrix } from "../core/matrix.ts";
import { counted } from "../core/shown.ts";
import { asymmetry } from "./data.ts";
import type { GraphPoint } from "./pseudolikelihood.ts";

/** The symmetric csr matrix of a point without zero edges. */
export function precisionOf({ ends, values, diagonal }: GraphPoint): SparseMatrix {
  const size = diagonal.length, edges = values.length;
  const indptr = new Uint32Array(size + 1);
  for (let i = 0; i < size; i++) indptr[i + 1] = 1;
  for (let at = 0; at < 2 * edges; at++) indptr[ends[at] + 1]++;
  for (let i = 0; i < size; i++) indptr[i + 1] += indptr[i];
  const entries = Array.from({ length: size }, (_, i) => [{ column: i, value: diagonal[i] }]);
  for (let e = 0; e < edges; e++) {
    entries[ends[2 * e]].push({ column: ends[2 * e + 1], value: values[e] });
    entries[ends[2 * e + 1]].push({ column: ends[2 * e], value: values[e] });
  }
  const sorted = entries.flatMap((row) => row.sort((a, b) => a.column - b.column));
  return {
    format: "csr",
    shape: [size, size],
    indptr,
    indices: Uint32Array.from(sorted, ({ column }) => column),
    data: Float64Array.from(sorted, ({ value }) => value),
  };
}

/** Sees that a caller's precision matrix is a square sparse matrix. */
export function checkPrecision(precision: SparseMatrix): void {
  const action = "read the graph";
  checkSparseMatrix("precision", precision, action);
  const [rows, columns] = precision.shape;
  if (rows === columns) return;
  throw new ShapeError("precision", `Cannot ${action}: "precision" is ${rows} x ${columns}, expected a square matrix.`);
}

/** The nonzero entries above the diagonal, row by row. */
export function* upperEntries(
  { indptr, indices, data }: SparseMatrix,
): Generator<[i: number, j: number, value: number]> {
  for (let i = 0; i + 1 < indptr.length; i++) {
    for (let at = indptr[i]; at < indptr[i + 1]; at++) {
      if (indices[at] > i && data[at] !== 0) yield [i, indices[at], data[at]];
    }
  }
}

/** The diagonal of a sparse matrix. */
export function diagonalOf({ shape, indptr, indices, data }: SparseMatrix): Float64Array {
  const diagonal = new Float64Array(shape[0]);
  for (let i = 0; i < shape[0]; i++) {
    for (let at = indptr[i]; at < indptr[i + 1]; at++) if (indices[at] === i) diagonal[i] = data[at];
  }
  return diagonal;
}

/**
 * The point of a matrix to start from; entries above the diagonal stand for both.
 *
 * @throws {ShapeError} when it is not square of the given size
 * @throws {DataError} when its diagonal is not positive, or it is not symmetric
 */
export function pointOf(initial: SparseMatrix, vertices: number): GraphPoint {
  const [rows, columns] = initial.shape;
  if (rows !== vertices || columns !== vertices) {
    throw new ShapeError(
      "initial",
      `Cannot start from "initial": it is ${rows} x ${columns}, but "samples" has ${counted(vertices, "variable")}.`,
    );
  }
  const diagonal = diagonalOf(initial);
  const bad = diagonal.findIndex((value) => !(value > 0 && value < Infinity));
  if (bad >= 0) {
    throw new DataError("initial", `Cannot start from "initial": its diagonal is ${diagonal[bad]} at ${bad}.`);
  }
  checkSymmetry(initial, diagonal);
  const entries = [...upperEntries(initial)];
  return { ends: entries.flatMap(([i, j]) => [i, j]), values: entries.map(([, , value]) => value), diagonal };
}

/** Compares each entry with its mirror image: O(entries x log(entries of a row)). */
function checkSymmetry({ indptr, indices, data }: SparseMatrix, diagonal: Float64Array): void {
  const entryAt = (i: number, j: number) => {
    let begin = indptr[i], end = indptr[i + 1];
    while (begin < end) {
      const middle = (begin + end) >> 1;
      if (indices[middle] < j) begin = middle + 1;
      else end = middle;
    }
    return begin < indptr[i + 1] && indices[begin] === j ? data[begin] : 0;
  };
  for (let i = 0; i < diagonal.length; i++) {
    for (let at = indptr[i]; at < indptr[i + 1]; at++) {
      const j = indices[at];
      const value = data[at], mirrored = entryAt(j, i);
      const size = Math.max(Math.sqrt(diagonal[i]) * Math.sqrt(diagonal[j]), Math.abs(value), Math.abs(mirrored));
      if (Math.abs(value - mirrored) <= asymmetry * size) continue;
      throw new DataError(
        "initial",
        `Cannot start from "initial": it is not symmetric, ${value} at ${i}, ${j} and ${mirrored} at ${j}, ${i}.`,
      );
    }
  }
}
