import { checkParts } from "../core/kinds.ts";
import { InputError, OptionError, ShapeError } from "../core/errors.ts";
import { counted } from "../core/shown.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { IndicesLike } from "../core/options.ts";
import type { Offsets } from "./offsets.ts";

/** Rows and columns without entries, and what predicts them where the matrix has no offsets. */
export interface Unobserved {
  /** Rows without an entry, rising. */
  readonly rows: Uint32Array;
  /** Columns without an entry, rising. */
  readonly columns: Uint32Array;
  /** A mean, and what rows and columns add to it. */
  readonly offsets: Offsets;
}

/** What predictions follow from. */
export interface LowRankModel {
  /** [rows, rank]. */
  readonly left: Matrix;
  /** [columns, rank]. */
  readonly right: Matrix;
  /** A mean, and what rows and columns add to it; none where it is left out. */
  readonly offsets?: Offsets;
  /** Rows and columns that offsets alone predict; none where all have `offsets`, or are to have none. */
  readonly unobserved?: Unobserved;
}

/** Whether a rising list holds a number. */
function holds(list: Uint32Array, wanted: number): boolean {
  let from = 0, to = list.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (list[middle] < wanted) from = middle + 1;
    else to = middle;
  }
  return list[from] === wanted;
}

/** An entry of a model, of indices that were checked. */
function entryAt({ left, right, offsets, unobserved }: LowRankModel, i: number, j: number): number {
  const beside = unobserved && (holds(unobserved.rows, i) || holds(unobserved.columns, j))
    ? unobserved.offsets
    : undefined;
  const own = beside ?? offsets, rank = left.shape[1];
  let sum = own ? own.mean + own.rows[i] + own.columns[j] : 0;
  if (beside) return sum;
  for (let k = 0; k < rank; k++) sum += left.data[i * rank + k] * right.data[j * rank + k];
  return sum;
}

/**
 * The entries of a model at some places.
 *
 * @throws {ShapeError} for lists that differ in length
 * @throws {OptionError} for an index beyond the matrix
 */
export function predictEntries(
  model: LowRankModel,
  rows: IndicesLike,
  columns: IndicesLike,
): Float64Array {
  if (rows.length !== columns.length) {
    throw new ShapeError(
      "columns",
      `Cannot predict: "rows" has ${counted(rows.length, "element")}, but "columns" has ${columns.length}.`,
    );
  }
  const height = model.left.shape[0], width = model.right.shape[0], result = new Float64Array(rows.length);
  for (let e = 0; e < rows.length; e++) {
    result[e] = entryAt(model, checkIndex("rows", rows[e], height), checkIndex("columns", columns[e], width));
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
  checkParts("fit", fit, { left: "matrix", right: "matrix" }, "write out the matrix");
  const rows = fit.left.shape[0], columns = fit.right.shape[0];
  if (rows * columns > mostElements) {
    throw new InputError(
      "fit",
      `Cannot write out a ${rows} x ${columns} matrix: expected at most ${mostElements} elements.`,
    );
  }
  const result = matrix(rows, columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) result.data[at] = entryAt(fit, i, j);
  }
  return result;
}
