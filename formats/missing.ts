/** Missing values of a table of numbers: found, refused, left out with their rows, or replaced by means. */

import { matrix } from "../solvers/core/matrix.ts";
import type { TableParts } from "./table.ts";

/** What a missing value becomes. */
export type MissingRule = "error" | "nan" | "drop" | "mean";

/** What words mean that nothing is known, besides those that a caller names. */
const words = [
  ...["", "?", "NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "#N/A N/A", "NULL", "null", "None"],
  ...["NaN", "nan", "-NaN", "-nan", "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND"],
];

/** Tells whether a trimmed cell says that its value is missing. */
export function missingCells(further: readonly string[] = []): (cell: string) => boolean {
  const all = new Set([...words, ...further]);
  return (cell) => all.has(cell);
}

/** A table without missing values, and what was done in a sentence, if anything was. */
export interface Settled<T> {
  readonly table: T;
  readonly remark?: string;
}

/**
 * Applies a rule to the values that are NaN.
 *
 * @param refuse Makes the error from the first row with a missing value, and the columns that have some.
 * @param needed Columns whose values are never replaced: rows without them are left out by `mean` too.
 */
export function settleMissing<T extends TableParts>(
  table: T,
  rule: MissingRule,
  refuse: (row: number | undefined, columns: readonly string[]) => Error,
  needed: readonly string[] = [],
): Settled<T> {
  const { columns, matrix: { data, shape: [rows] } } = table, width = columns.length;
  const counts = new Uint32Array(width), complete: number[] = [];
  let first: number | undefined, at = 0;
  for (let i = 0; i < rows; i++) {
    let whole = true;
    for (let j = 0; j < width; j++) {
      if (!Number.isNaN(data[i * width + j])) continue;
      counts[j]++;
      if (first === undefined) [first, at] = [i, j];
      if (rule !== "mean" || needed.includes(columns[j])) whole = false;
    }
    if (whole) complete.push(i);
  }
  if (first === undefined || rule === "nan") return { table };
  const affected = columns.filter((_, j) => counts[j] > 0);
  if (rule === "error") throw refuse(first, [columns[at], ...affected.filter((name) => name !== columns[at])]);
  if (complete.length === 0) throw refuse(undefined, affected);
  const kept = complete.length < rows ? keepRows(table, complete) : table;
  const left = complete.length < rows ? [`left out ${counted(rows - complete.length, "row")} with missing values`] : [];
  if (rule === "drop") return { table: kept, remark: left[0] };

  const filled = kept.matrix.data.slice();
  let replaced = 0;
  for (let j = 0; j < width; j++) {
    let mean = 0, count = 0;
    for (let at = j; at < filled.length; at += width) {
      if (!Number.isNaN(filled[at])) mean += (filled[at] - mean) / ++count;
    }
    if (count === complete.length) continue;
    if (count === 0) throw refuse(undefined, [columns[j]]);
    replaced += complete.length - count;
    for (let at = j; at < filled.length; at += width) if (Number.isNaN(filled[at])) filled[at] = mean;
  }
  const means = replaced > 0 ? [`replaced ${counted(replaced, "missing value")} by means of columns`] : [];
  const result = { ...kept, matrix: { data: filled, shape: kept.matrix.shape } };
  return { table: result, remark: [...left, ...means].join(" and ") };
}

/** The chosen rows of a table, its text among them. */
function keepRows<T extends TableParts>(table: T, rows: readonly number[]): T {
  const { columns, matrix: { data }, text } = table, width = columns.length;
  const result = matrix(rows.length, width);
  rows.forEach((row, i) => result.data.set(data.subarray(row * width, (row + 1) * width), i * width));
  return {
    ...table,
    matrix: result,
    text: new Map([...text].map(([name, cells]) => [name, rows.map((row) => cells[row])])),
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
