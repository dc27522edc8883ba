import { InputError, OptionError, ShapeError } from "../core/errors.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { IndicesLike } from "../core/options.ts";
import type { Offsets } from "./offsets.ts";

/** What predictions follow from. */
export interface LowRankModel {
  /** [rows, rank]. */
  readonly left: Matrix;
  /** [columns, rank]. */
  readonly right: Matrix;
  /** A mean, and what rows and columns add to it; none where it is left out. */
  readonly offsets?: Offsets;
}

/**
 * The entries of a model at some places.
 *
 * @throws {ShapeError} for lists that differ in length
 * @throws {OptionError} for an index beyond the matrix
 */
export function predictEntries(
  { left, right, offsets }: LowRankModel,
  rows: IndicesLike,
  columns: IndicesLike,
): Float64Array {
  if (rows.length !== columns.length) {
    throw new ShapeError(
      "columns",
      `Cannot predict: "rows" has ${rows.length} elements, but "columns" has ${columns.length}.`,
    );
  }
  const [height, rank] = left.shape, width = right.shape[0], result = new Float64Array(rows.length);
  for (let e = 0; e < rows.length; e++) {
    const i = checkIndex("rows", rows[e], height), j = checkIndex("columns", columns[e], width);
    let sum = offsets ? offsets.mean + offsets.rows[i] + offsets.columns[j] : 0;
    for (let k = 0; k < rank; k++) sum += left.data[i * rank + k] * right.data[j * rank + k];
    result[e] = sum;
  }
  return result;
}

function checkIndex(name: string, index: number, bound: number): number {
  if (Number.isInteger(index) && index >= 0 && index < bound) return index;
  throw new OptionError(name, `Cannot predict: "${name}" holds ${index}, but the matrix has ${bound} of them.`);
}

/** Most elements of a matrix that is written out: 1 GiB. */
const mostElements = 1 << 27;

/**
 * The whole matrix of a model, observed entries too.
 *
 * @param fit A completed matrix.
 * @throws {InputError} beyond 2^27 elements
 *
 * @example
 * ```ts
 * import { completedMatrix, matrix } from "@minima/minima";
 * const [left, right] = [matrix(2, 1, new Float64Array([1, 2])), matrix(3, 1, new Float64Array([1, 0, 3]))];
 * if (completedMatrix({ left, right }).data.join() !== "1,0,3,2,0,6") throw new Error("an outer product");
 * ```
 */
export function completedMatrix(fit: LowRankModel): Matrix {
  const [rows, rank] = fit.left.shape, columns = fit.right.shape[0], { left, right, offsets } = fit;
  if (rows * columns > mostElements) {
    throw new InputError(
      "fit",
      `Cannot write out a ${rows} x ${columns} matrix: expected at most ${mostElements} elements.`,
    );
  }
  const result = matrix(rows, columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      let sum = offsets ? offsets.mean + offsets.rows[i] + offsets.columns[j] : 0;
      for (let k = 0; k < rank; k++) sum += left.data[i * rank + k] * right.data[j * rank + k];
      result.data[at] = sum;
    }
  }
  return result;
}
