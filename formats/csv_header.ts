/** What the first lines of a table say: the names of its columns, and whether rows are named too. */

import { counted } from "../solvers/core/shown.ts";
import type { CsvSettings } from "./csv_options.ts";
import type { DelimitedRow } from "./delimited.ts";
import { csvError } from "./errors.ts";
import { hasDecimalComma, numberReader, readTruth } from "./number_text.ts";

/** Names of the columns, and the rows below them. */
export interface Names {
  readonly names: readonly string[];
  readonly body: readonly DelimitedRow[];
  /** Names of the columns that name the rows. */
  readonly index: readonly string[];
  /** What was done that the file does not say by itself. */
  readonly remarks: string[];
}

/** Tells the line of names from the others, and an index from the columns. */
export function readNames(
  rows: readonly DelimitedRow[],
  settings: CsvSettings,
  isMissing: (cell: string) => boolean,
): Names {
  const first = rows[0].cells.map((cell) => cell.trim());
  const points = numberReader({ decimal: ".", thousands: settings.thousands });
  const commas = numberReader({ decimal: "," });
  const isValue = (cell: string) =>
    !Number.isNaN(settings.decimal === "," ? commas(cell) : points(cell)) || !Number.isNaN(readTruth(cell)) ||
    settings.decimal === undefined && hasDecimalComma(cell) || isMissing(cell);
  // What pandas writes where columns have no names: nothing over the index, then 0, 1, 2, ...
  const numbered = first.length > 1 && first.every((cell, i) => cell === (i === 0 ? "" : String(i - 1)));
  const header = settings.header ?? (numbered || first.some((cell) => !isValue(cell)));
  const body = header ? rows.slice(1) : rows;
  let names = header ? first : first.map((_, i) => `column ${i + 1}`);
  if (header && settings.index !== false && hasRowNames(names.length, body)) names = ["", ...names];
  for (const { line, cells } of body) {
    if (cells.length !== names.length) {
      const hint = line === rows[1]?.line && rows[0].cells.length === 1 && /^[#%!]/.test(first[0])
        ? `; if line ${rows[0].line} is a comment, set "comment" to "${first[0][0]}"`
        : names.length === 1 && hasDecimalComma(cells.join(",").trim())
        ? '; if its comma is a decimal comma, set "decimal" to ","'
        : "";
      throw csvError(`line ${line}`, `has ${counted(cells.length, "cell")} instead of ${names.length}${hint}`);
    }
  }
  const remarks: string[] = [];
  const empty = header && body.length > 0 ? emptyColumns(names, body) : 0;
  if (empty > 0) {
    remarks.push(`left out ${empty} empty column${empty > 1 ? "s" : ""} without a name`);
    names = names.slice(0, -empty);
  }
  let leading = 0;
  if (settings.index === true) leading = 1;
  else if (settings.index === undefined && header && names.length > 1) {
    const isIndex = (name: string, place: number) => name === "" && place === 0 || /^Unnamed: 0(?:\.\d+)*$/.test(name);
    while (leading < names.length - 1 && isIndex(names[leading], leading)) leading++;
  }
  const chosen = [...settings.textColumns, ...settings.categories];
  const index = names.slice(0, leading).filter((name) => !chosen.includes(name));
  if (index.length > 0) {
    const which = index[0] === "" ? ", without a name," : ` (${index.join(", ")})`;
    remarks.push(`took the first column${index.length > 1 ? "s" : ""}${which} for an index of the rows`);
  }
  return { names, body, index, remarks };
}

/** How many columns at the end have neither a name nor a cell, as spreadsheets write them. */
function emptyColumns(names: readonly string[], body: readonly DelimitedRow[]): number {
  let count = 0;
  const isEmpty = (column: number) => names[column] === "" && body.every(({ cells }) => cells[column].trim() === "");
  while (count < names.length - 1 && isEmpty(names.length - 1 - count)) count++;
  return count;
}

/** Whether rows begin with names or their numbers, as R writes them, for which the line of names has no cell. */
function hasRowNames(columns: number, body: readonly DelimitedRow[]): boolean {
  if (columns < 2 || body.length < 2 || !body.every(({ cells }) => cells.length === columns + 1)) return false;
  const first = body.map(({ cells: [cell] }) => cell.trim());
  const numbered = first.every((cell, i) => cell === String(Number(first[0]) + i) && /^[01]$/.test(first[0]));
  return numbered ||
    first.every((cell) => cell !== "" && Number.isNaN(Number(cell))) && new Set(first).size === first.length;
}
