/** Rows and columns with entries: lines without are zero in every optimum, and take no part in a solve. @module */

import type { EntryLists } from "../spectral/sparse.ts";

/** Which lines of a matrix a smaller one without empty lines has. */
export interface Occupied {
  /** Of the whole matrix. */
  readonly shape: readonly [rows: number, columns: number];
  /** Rows with an entry, rising. */
  readonly rows: Uint32Array;
  /** Columns with an entry, rising. */
  readonly columns: Uint32Array;
}

/** Entries of the rows and columns that have some: the same entries in the same order. */
export interface Compacted {
  readonly occupied: Occupied;
  readonly shape: readonly [rows: number, columns: number];
  readonly indptr: Uint32Array;
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
}

/** Leaves out rows and columns without an entry. O(entries + rows + columns). */
export function compacted({ shape, indptr, rows, columns }: EntryLists & { readonly rows: Uint32Array }): Compacted {
  const own = filled(shape[0], indptr), other = marked(shape[1], columns);
  const occupied = { shape, rows: positions(own, 1), columns: positions(other, 1) };
  if (occupied.rows.length === shape[0] && occupied.columns.length === shape[1]) {
    return { occupied, shape, indptr, rows, columns };
  }
  const starts = new Uint32Array(occupied.rows.length + 1);
  occupied.rows.forEach((row, i) => starts[i + 1] = indptr[row + 1]);
  return {
    occupied,
    shape: [occupied.rows.length, occupied.columns.length],
    indptr: starts,
    rows: renumbered(rows, occupied.rows, shape[0]),
    columns: renumbered(columns, occupied.columns, shape[1]),
  };
}

/** Lines of the whole matrix without any of the entries of the smaller one. */
export function emptyLines(
  { shape, rows, columns }: Occupied,
  entries: { readonly indptr: Uint32Array; readonly columns: Uint32Array },
): { rows: Uint32Array; columns: Uint32Array } {
  return {
    rows: positions(filled(shape[0], entries.indptr, rows), 0),
    columns: positions(marked(shape[1], entries.columns, columns), 0),
  };
}

/** What the occupied lines have, `width` numbers each, and zeros for all others. */
export function spread(values: Float64Array, lines: Uint32Array, length: number, width = 1): Float64Array {
  if (lines.length === length) return values;
  const whole = new Float64Array(length * width);
  for (let i = 0, at = 0; i < lines.length; i++) {
    for (let k = 0, to = lines[i] * width; k < width; k++) whole[to++] = values[at++];
  }
  return whole;
}

/** What the occupied lines have of the whole, `width` numbers each; zeros for lines beyond its end. */
export function gathered(whole: ArrayLike<number>, lines: Uint32Array, width = 1): Float64Array {
  const values = new Float64Array(lines.length * width), end = whole.length;
  for (let i = 0, at = 0; i < lines.length; i++) {
    for (let k = 0, from = lines[i] * width; k < width; k++, at++) if (from + k < end) values[at] = whole[from + k];
  }
  return values;
}

function marked(length: number, lines: Uint32Array, numbers?: Uint32Array): Uint8Array {
  const marks = new Uint8Array(length);
  for (let e = 0; e < lines.length; e++) marks[numbers ? numbers[lines[e]] : lines[e]] = 1;
  return marks;
}

/** Which rows have entries, by where they start. */
function filled(length: number, indptr: Uint32Array, numbers?: Uint32Array): Uint8Array {
  const marks = new Uint8Array(length);
  for (let i = 0; i + 1 < indptr.length; i++) if (indptr[i] < indptr[i + 1]) marks[numbers ? numbers[i] : i] = 1;
  return marks;
}

function positions(marks: Uint8Array, mark: 0 | 1): Uint32Array {
  let count = 0;
  for (let i = 0; i < marks.length; i++) if (marks[i] === mark) count++;
  const found = new Uint32Array(count);
  for (let i = 0, at = 0; at < count; i++) if (marks[i] === mark) found[at++] = i;
  return found;
}

function renumbered(lines: Uint32Array, occupied: Uint32Array, length: number): Uint32Array {
  const numbers = new Uint32Array(length);
  for (let k = 0; k < occupied.length; k++) numbers[occupied[k]] = k;
  return lines.map((line) => numbers[line]);
}
