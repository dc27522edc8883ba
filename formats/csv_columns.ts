/** The cells of a table as columns of numbers, and the first cell of each column that is none. */

import { classesOf, indicatorColumns, type NumericColumn } from "./categories.ts";
import type { CsvSettings } from "./csv_options.ts";
import type { DelimitedRow } from "./delimited.ts";
import { clipped, csvError, listed } from "./errors.ts";
import { hasDecimalComma, numberReader, readTruth } from "./number_text.ts";

/** A cell that is not what its column needs. */
export interface Fault {
  readonly column: string;
  readonly row: number;
  readonly cell: string;
  /** What is wrong with it; without it, it is no number. */
  readonly problem?: string;
}

/** What could be read, and what could not. */
export interface Columns {
  readonly numeric: NumericColumn[];
  /** The first of each column that has some. */
  readonly faults: Fault[];
  /** Some number holds a point. */
  readonly pointed: boolean;
}

/** The columns that are not kept as text, read as numbers or as categories. */
export function readColumns(
  names: readonly string[],
  rows: readonly DelimitedRow[],
  asText: ReadonlySet<string>,
  isMissing: (cell: string) => boolean,
  settings: CsvSettings & { readonly decimal: "." | "," },
): Columns {
  const read = numberReader(settings), categories = new Set(settings.categories);
  const numeric: NumericColumn[] = [], faults: Fault[] = [];
  let pointed = false;
  names.forEach((name, i) => {
    if (asText.has(name)) return;
    const cells = rows.map((row) => row.cells[i]);
    if (!categories.has(name)) {
      const column = readColumn(name, cells, read, isMissing);
      if (!("row" in column)) {
        pointed ||= cells.some((cell) => cell.includes("."));
        numeric.push(column);
        return;
      }
      if (column.problem !== undefined || !categories.has("*")) {
        faults.push(column);
        return;
      }
    }
    const { classes, codes } = classesOf(cells, isMissing);
    numeric.push(
      ...indicatorColumns(name, classes, codes, (problem) => csvError(`column "${clipped(name)}"`, problem)),
    );
  });
  const twice = numeric.length > names.length ? firstTwice(numeric.map(({ name }) => name)) : undefined;
  if (twice !== undefined) {
    throw csvError(`column "${clipped(twice)}"`, "would be there twice, as a column and a category");
  }
  return { numeric, faults, pointed };
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** The numbers of a column, or the first cell at fault. All that are there are numbers, percentages, or truth values. */
function readColumn(
  name: string,
  cells: readonly string[],
  read: (cell: string) => number,
  isMissing: (cell: string) => boolean,
): NumericColumn | Fault {
  const values = new Float64Array(cells.length);
  let kind: "numbers" | "percentages" | "True and False" | undefined;
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row].trim();
    // Words that are numbers, such as -999, may mean that the value is missing.
    if (isMissing(cell)) {
      values[row] = NaN;
      continue;
    }
    const number = read(cell), truth = Number.isNaN(number) ? readTruth(cell) : NaN;
    if (Number.isNaN(number) && Number.isNaN(truth)) return { column: name, row, cell };
    if (Math.abs(number) === Infinity) return { column: name, row, cell, problem: "is beyond the range of numbers" };
    const found = !Number.isNaN(truth) ? "True and False" : cell.endsWith("%") ? "percentages" : "numbers";
    kind ??= found;
    if (kind !== found) return { column: name, row, cell, problem: `stands among ${kind}` };
    values[row] = Number.isNaN(truth) ? number : truth;
  }
  return { name, values };
}

/** The first fault, what would help, and the other columns that have some. */
export function describeFaults(
  [{ column, row, cell, problem }, ...others]: readonly Fault[],
  rows: readonly DelimitedRow[],
): Error {
  const field = `line ${rows[row].line}, column "${clipped(column)}"`;
  const more = others.length > 0 ? `; other columns with text: ${listed(others.map((fault) => fault.column))}` : "";
  if (problem !== undefined) return csvError(field, `holds ${JSON.stringify(clipped(cell))}, which ${problem}${more}`);
  const remedy = hasDecimalComma(cell)
    ? 'set "decimal" to ","'
    : /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(cell)
    ? 'set "thousands" to ",", or "decimal"'
    : /^[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?$/.test(cell)
    ? 'set "thousands" to "." and "decimal" to ","'
    : 'name the column in "textColumns" or "categories"';
  return csvError(field, `holds ${JSON.stringify(clipped(cell))} where a number was expected (or ${remedy})${more}`);
}
