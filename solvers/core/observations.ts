import { DataError, ShapeError } from "./errors.ts";
import { counted } from "./shown.ts";
import { checkTable, likeVector, type Matrix, type Vector, type VectorLike } from "./matrix.ts";
import type { IndicesLike } from "./options.ts";
import { atOnce, inRanges, type Steps } from "./steps.ts";

/** The observed entries of a matrix: entry `k` is `values[k]` at `(rows[k], columns[k])`, in any order, none twice. */
export interface Observations {
  /** Numbers of rows and columns of the matrix. */
  readonly shape: readonly [rows: number, columns: number];
  /** Row of each entry. */
  readonly rows: IndicesLike;
  /** Column of each entry. */
  readonly columns: IndicesLike;
  /** Value of each entry, finite. */
  readonly values: VectorLike;
  /** Weight of each entry, >= 0; one of weight 0 counts as not observed. Where they are left out, all are 1. */
  readonly weights?: VectorLike;
}

/** Observations that were checked: typed, sorted by row and column, without entries of weight 0. */
export interface CheckedObservations {
  readonly shape: readonly [rows: number, columns: number];
  /** Start of each row among the entries; one longer than the number of rows. */
  readonly indptr: Uint32Array;
  /** Row of each entry. */
  readonly rows: Uint32Array;
  /** Column of each entry; they rise within a row. */
  readonly columns: Uint32Array;
  /** In the precision that came. */
  readonly values: Vector;
  /** All positive. */
  readonly weights?: Float64Array;
  /** Which of the entries of the caller each is. */
  readonly order: Uint32Array;
}

/**
 * The entries of a table that are not NaN.
 *
 * @param table A matrix in which NaN stands for what is missing.
 * @throws {TypeError} for another kind of value
 * @throws {ShapeError} where its shape and its data do not fit
 *
 * @example
 * ```ts
 * import { fromRows, observedEntries } from "@minima/minima";
 * const { columns, values } = observedEntries(fromRows([[1, NaN], [NaN, 2]]));
 * if ([...columns].join() !== "0,1" || [...values].join() !== "1,2") throw new Error("two entries");
 * ```
 */
export function observedEntries(table: Matrix): Observations & {
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Vector;
} {
  checkTable("table", table, "list the entries");
  const { data, shape } = table;
  let count = 0;
  for (let at = 0; at < data.length; at++) if (!Number.isNaN(data[at])) count++;
  const rows = new Uint32Array(count), columns = new Uint32Array(count), values = likeVector(data, count);
  for (let at = 0, k = 0; at < data.length; at++) {
    if (Number.isNaN(data[at])) continue;
    rows[k] = Math.floor(at / shape[1]);
    columns[k] = at % shape[1];
    values[k++] = data[at];
  }
  return { shape: [shape[0], shape[1]], rows, columns, values };
}

/** Most rows or columns: what is kept for each must stay within a memory of 4 GiB. */
const mostLines = 2 ** 26;

/**
 * Checks observations and sorts them by row and column; nothing that the caller gave is changed.
 *
 * @param least Fewest entries of positive weight.
 * @throws {TypeError} for another kind of value
 * @throws {ShapeError} for a matrix without rows or columns, and for lists that differ in length
 * @throws {DataError} for an index beyond the shape, an entry that stands there twice, what is not finite, a negative
 * weight, and where fewer than `least` entries are left
 */
export function checkObservations(
  argument: string,
  value: Observations,
  action: string,
  least = 1,
): CheckedObservations {
  return atOnce(checkObservationsInSteps(argument, value, action, least));
}

/** {@linkcode checkObservations} of many entries: it does not matter whether the time is up. */
export function* checkObservationsInSteps(
  argument: string,
  value: Observations,
  action: string,
  least = 1,
): Steps<CheckedObservations> {
  const { shape, rows, columns, values, weights } = value ?? {};
  if (!Array.isArray(shape) || !isList(rows) || !isList(columns) || !isList(values)) {
    throw new TypeError(
      `Cannot ${action}: "${argument}" must be { shape: [rows, columns], rows: Uint32Array, columns: Uint32Array, ` +
        "values: Float32Array | Float64Array, weights? }.",
    );
  }
  if (weights !== undefined && !isList(weights)) {
    throw new TypeError(`Cannot ${action}: "weights" of "${argument}" must be an array of numbers.`);
  }
  const [height, width] = shape;
  if (shape.length !== 2 || !isExtent(height) || !isExtent(width)) {
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${argument}" has shape [${shape}] instead of [rows, columns], both from 1 to ${mostLines}.`,
    );
  }
  const count = values.length;
  for (const [name, list] of Object.entries({ rows, columns, weights })) {
    if (list === undefined || list.length === count) continue;
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${name}" of "${argument}" has ${counted(list.length, "element")}, but "values" has ${count}.`,
    );
  }
  for (const [name, list] of Object.entries({ rows, columns, values, weights })) {
    const kind = list && list.length > 0 ? typeof list[0] : "number";
    if (kind === "number") continue;
    throw new TypeError(`Cannot ${action}: "${name}" of "${argument}" holds a ${kind} instead of numbers.`);
  }
  const refuse = (k: number, what: string) =>
    new DataError(argument, `Cannot ${action}: entry ${k} of "${argument}" ${what}.`);
  // Counted by row and by column, then placed by column and by row: O(entries + rows + columns).
  const indptr = new Uint32Array(height + 1), next = new Uint32Array(Math.max(height, width) + 1);
  let kept = 0, lastRow = -1, lastColumn = -1, ascends = true;
  yield* inRanges(count, 6, (begin, end) => {
    for (let k = begin; k < end; k++) {
      const i = rows[k], j = columns[k], v = values[k], weight = weights ? weights[k] : 1;
      if (!(Number.isInteger(i) && i >= 0 && i < height)) throw refuse(k, `is in row ${i} of ${height}`);
      if (!(Number.isInteger(j) && j >= 0 && j < width)) throw refuse(k, `is in column ${j} of ${width}`);
      if (!Number.isFinite(v)) throw refuse(k, `has the value ${v}; leave out what was not observed`);
      if (!(weight >= 0 && weight < Infinity)) throw refuse(k, `has the weight ${weight} instead of a number >= 0`);
      if (weight === 0) continue;
      ascends &&= i > lastRow || i === lastRow && j > lastColumn;
      lastRow = i;
      lastColumn = j;
      indptr[i + 1]++;
      next[j + 1]++;
      kept++;
    }
  });
  if (kept < least) {
    const given = count === 0 ? "has no entries" : `has ${kept} entries of positive weight`;
    throw new DataError(argument, `Cannot ${action}: "${argument}" ${given}, and needs at least ${least}.`);
  }
  for (let i = 0; i < height; i++) indptr[i + 1] += indptr[i];
  const order = new Uint32Array(kept);
  if (ascends) {
    let at = 0;
    yield* inRanges(count, 2, (begin, end) => {
      for (let k = begin; k < end; k++) if (!weights || weights[k] > 0) order[at++] = k;
    });
  } else {
    const byColumn = new Uint32Array(kept);
    for (let j = 0; j < width; j++) next[j + 1] += next[j];
    yield* inRanges(count, 4, (begin, end) => {
      for (let k = begin; k < end; k++) if (!weights || weights[k] > 0) byColumn[next[columns[k]]++] = k;
    });
    next.set(indptr.subarray(0, height));
    yield* inRanges(kept, 8, (begin, end) => {
      for (let p = begin; p < end; p++) order[next[rows[byColumn[p]]]++] = byColumn[p];
    });
  }
  const sorted = likeVector(values instanceof Float32Array ? values : new Float64Array(0), kept);
  const sortedRows = new Uint32Array(kept), sortedColumns = new Uint32Array(kept);
  const sortedWeights = weights && new Float64Array(kept);
  yield* inRanges(height, 4 + 6 * kept / height, (begin, end) => {
    for (let i = begin; i < end; i++) {
      for (let at = indptr[i], last = -1; at < indptr[i + 1]; at++) {
        const k = order[at], j = columns[k];
        if (j === last) throw refuse(k, `is at row ${i}, column ${j}, as entry ${order[at - 1]} is`);
        sortedRows[at] = i;
        sortedColumns[at] = last = j;
        sorted[at] = values[k];
        if (sortedWeights) sortedWeights[at] = weights[k];
      }
    }
  });
  return {
    shape: [height, width],
    indptr,
    rows: sortedRows,
    columns: sortedColumns,
    values: sorted,
    ...(sortedWeights && { weights: sortedWeights }),
    order,
  };
}

function isList(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || ArrayBuffer.isView(value) && "length" in value;
}

function isExtent(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= mostLines;
}
