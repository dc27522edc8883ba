/** Between points of the descents and sparse matrices. @module */

import { DataError, ShapeError } from "../core/errors.ts";
import { checkSparseMatrix, type SparseMatrix } from "../core/matrix.ts";
import { counted } from "../core/shown.ts";
import { asymmetry } from "./data.ts";
import { adjacencyOf } from "./edge_arrays.ts";
import type { GraphPoint } from "./pseudolikelihood.ts";

/** The symmetric csr matrix of a point without zero edges: O(vertices + edges), sorted by counting. */
export function precisionOf({ ends, values, diagonal }: GraphPoint): SparseMatrix {
  const size = diagonal.length, { starts, neighbours, incident } = adjacencyOf(ends, size);
  const indptr = starts.map((start, i) => start + i), next = indptr.slice();
  const indices = new Uint32Array(indptr[size]), data = new Float64Array(indptr[size]);
  const put = (row: number, column: number, value: number) => {
    const at = next[row]++;
    indices[at] = column;
    data[at] = value;
  };
  // Column by column, so that the columns of every row come in order.
  for (let column = 0; column < size; column++) {
    put(column, column, diagonal[column]);
    for (let at = starts[column]; at < starts[column + 1]; at++) put(neighbours[at], column, values[incident[at]]);
  }
  return { format: "csr", shape: [size, size], indptr, indices, data };
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
