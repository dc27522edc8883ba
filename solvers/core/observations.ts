import { DataError, ShapeError } from "./errors.ts";
import { refuseMisspelt } from "./kinds.ts";
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
  refuseMisspelt(argument, value, ["weights"], action);
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
  const lists: Lists = { rows, columns, values, weights }, lengths = [height, width] as const;
  const counts = { ofRows: new Uint32Array(height + 1), ofColumns: new Uint32Array(width + 1) };
  const tally: Tally = { ...counts, kept: 0, lastRow: -1, lastColumn: -1, ascends: true };
  yield* inRanges(count, 6, (begin, end) => {
    const wrong = countEntries(lists, lengths, tally, begin, end);
    if (wrong >= 0) throw refuse(wrong, faultOf(lists, lengths, wrong));
  });
  const { kept, ofRows: indptr, ofColumns: starts } = tally;
  if (kept < least) {
    const given = count === 0 ? "has no entries" : `has ${kept} entries of positive weight`;
    throw new DataError(argument, `Cannot ${action}: "${argument}" ${given}, and needs at least ${least}.`);
  }
  for (let i = 0; i < height; i++) indptr[i + 1] += indptr[i];
  for (let j = 0; j < width; j++) starts[j + 1] += starts[j];
  const order = new Uint32Array(kept), next = indptr.slice(0, height);
  // Within its row an entry stays where it was before: in the order of columns.
  let before: Uint32Array | undefined;
  if (!tally.ascends) {
    const byColumn = before = new Uint32Array(kept);
    yield* inRanges(count, 4, (begin, end) => placeEntries(lists, "columns", undefined, starts, byColumn, begin, end));
  }
  yield* inRanges(before ? kept : count, 8, (begin, end) => {
    placeEntries(lists, "rows", before, next, order, begin, end);
  });
  const sorted = {
    rows: new Uint32Array(kept),
    columns: new Uint32Array(kept),
    values: likeVector(values instanceof Float32Array ? values : new Float64Array(0), kept),
    ...(weights && { weights: new Float64Array(kept) }),
  };
  yield* inRanges(height, 4 + 6 * kept / height, (begin, end) => {
    const twice = copyRows(lists, indptr, order, sorted, begin, end);
    if (twice < 0) return;
    const k = order[twice];
    throw refuse(k, `is at row ${rows[k]}, column ${columns[k]}, as entry ${order[twice - 1]} is`);
  });
  return { shape: [height, width], indptr, ...sorted, order };
}

/** What a caller gave. */
type Lists = Pick<Observations, "rows" | "columns" | "values" | "weights">;

/** Entries of rows and of columns, each one place on; how many there are, and whether they come in their order. */
interface Tally {
  readonly ofRows: Uint32Array;
  readonly ofColumns: Uint32Array;
  kept: number;
  lastRow: number;
  lastColumn: number;
  ascends: boolean;
}

/** Counts the entries of a range; the first that cannot be used, or -1. */
function countEntries(
  { rows, columns, values, weights }: Lists,
  [height, width]: readonly [number, number],
  tally: Tally,
  begin: number,
  end: number,
): number {
  const { ofRows, ofColumns } = tally;
  let { kept, lastRow, lastColumn, ascends } = tally;
  for (let k = begin; k < end; k++) {
    const i = rows[k], j = columns[k], weight = weights ? weights[k] : 1;
    if (!isIndex(i, height) || !isIndex(j, width) || !Number.isFinite(values[k]) || !isWeight(weight)) return k;
    if (weight === 0) continue;
    ascends &&= i > lastRow || i === lastRow && j > lastColumn;
    lastRow = i;
    lastColumn = j;
    ofRows[i + 1]++;
    ofColumns[j + 1]++;
    kept++;
  }
  Object.assign(tally, { kept, lastRow, lastColumn, ascends });
  return -1;
}

function isIndex(value: number, length: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < length;
}

function isWeight(value: number): boolean {
  return value >= 0 && value < Infinity;
}

/** Why an entry cannot be used. */
function faultOf({ rows, columns, values, weights }: Lists, [height, width]: readonly [number, number], k: number) {
  if (!isIndex(rows[k], height)) return `is in row ${rows[k]} of ${height}`;
  if (!isIndex(columns[k], width)) return `is in column ${columns[k]} of ${width}`;
  if (!Number.isFinite(values[k])) return `has the value ${values[k]}; leave out what was not observed`;
  return `has the weight ${weights![k]} instead of a number >= 0`;
}

/** Puts entries, in the order of the caller or the one given, to the next place of their row or column. */
function placeEntries(
  lists: Lists,
  side: "rows" | "columns",
  given: Uint32Array | undefined,
  next: Uint32Array,
  target: Uint32Array,
  begin: number,
  end: number,
): void {
  const lines = lists[side], { weights } = lists;
  for (let p = begin; p < end; p++) {
    const k = given ? given[p] : p;
    if (!weights || weights[k] > 0) target[next[lines[k]]++] = k;
  }
}

/** Copies some rows in their order; the place of an entry that stands where the one before it does, or -1. */
function copyRows(
  { rows, columns, values, weights }: Lists,
  indptr: Uint32Array,
  order: Uint32Array,
  sorted: { rows: Uint32Array; columns: Uint32Array; values: Vector; weights?: Float64Array },
  begin: number,
  end: number,
): number {
  const { rows: ofRows, columns: ofColumns, values: numbers, weights: shares } = sorted;
  for (let at = indptr[begin]; at < indptr[end]; at++) {
    const k = order[at];
    ofRows[at] = rows[k];
    ofColumns[at] = columns[k];
    if (at > 0 && ofRows[at] === ofRows[at - 1] && ofColumns[at] === ofColumns[at - 1]) return at;
    numbers[at] = values[k];
    if (shares) shares[at] = weights![k];
  }
  return -1;
}

function isList(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || ArrayBuffer.isView(value) && "length" in value;
}

function isExtent(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= mostLines;
}
