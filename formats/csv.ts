/**
 * Tables of numbers as text: RFC 4180 and what else programs write, with delimiter, header, index and decimal comma
 * recognised where they are not given.
 */

import { checkParts } from "../solvers/core/kinds.ts";
import { classesOf, indicatorColumns, type NumericColumn } from "./categories.ts";
import { type CsvOptions, parseCsvOptions } from "./csv_options.ts";
import { type DelimitedRow, detectDelimiter, splitRows } from "./delimited.ts";
import { clipped, FormatError } from "./errors.ts";
import { missingCells, settleMissing } from "./missing.ts";
import { hasDecimalComma, numberReader, readTruth } from "./number_text.ts";
import type { TableParts } from "./table.ts";
import { decodeText } from "./text.ts";
import { OptionError } from "../solvers/core/errors.ts";
import { matrix } from "../solvers/core/matrix.ts";
import type { Resolved } from "../solvers/core/options.ts";
import { checkNames, resolveOptions } from "../solvers/core/resolve_options.ts";

/** A table: named columns of numbers, and columns of text beside them. NaN stands for missing numbers. */
export interface Table extends TableParts {
  /** What was done that the file does not say by itself: a column taken for an index, missing values replaced. */
  readonly remarks?: readonly string[];
}

type Settings = Resolved<
  CsvOptions,
  "delimiter" | "header" | "index" | "encoding" | "decimal" | "thousands" | "comment"
>;

const subject = "a table";

/**
 * Reads a table. Numbers are decimal, may end in a percent sign (`12 %` is 0.12, in a column where all do), and may be
 * `True` and `False` (1 and 0, in a column where all are). An unnamed first column names the rows and is kept as text.
 * Takes time proportional to the length of the text.
 *
 * @param source Text, or bytes.
 * @throws {FormatError} naming the line, and the column where there is one
 * @throws {OptionError} for an option that is not known, or not what it should be
 *
 * @example
 * ```ts
 * import { parseCsv } from "@minima/minima";
 * const { columns, matrix } = parseCsv('height,"mass, kg"\n1.5,60\n2,80\n');
 * if (columns[1] !== "mass, kg" || matrix.data[3] !== 80) throw new Error("wrong table");
 * ```
 */
export function parseCsv(source: string | Uint8Array, options: CsvOptions = {}): Table {
  const settings = resolveOptions(parseCsvOptions, options, subject);
  const { textColumns, missing, missingWords } = settings;
  if (settings.thousands !== undefined && settings.thousands === (settings.decimal ?? ".")) {
    throw new OptionError("thousands", 'Cannot use "thousands": expected another character than that of "decimal".');
  }
  const rows = readDelimited(source, settings);
  const isMissing = missingCells(missingWords);
  const { names, body, index, remarks } = readNames(rows, settings, isMissing);
  checkColumns(names, settings);

  const asText = new Set([...textColumns, ...index]);
  const read = (decimal: "." | ",") => readColumns(names, body, asText, isMissing, { ...settings, decimal });
  let columns = read(settings.decimal ?? ".");
  const textAllowed = textColumns.includes("*");
  const mayHaveCommas = columns.faults.slice(0, textAllowed ? undefined : 1).some(({ cell }) => hasDecimalComma(cell));
  if (settings.decimal === undefined && settings.thousands === undefined && mayHaveCommas) {
    const other = read(",");
    if ((textAllowed ? other.faults.length < columns.faults.length : other.faults.length === 0) && !other.pointed) {
      columns = other;
      remarks.push("took commas for decimal commas");
    }
  }
  const faults = columns.faults.filter(({ column, problem }) => {
    if (textAllowed && problem === undefined) asText.add(column);
    return !asText.has(column);
  });
  if (faults.length > 0) throw describe(faults, body);

  const width = columns.numeric.length, result = matrix(body.length, width);
  columns.numeric.forEach(({ values }, column) => {
    for (let i = 0; i < values.length; i++) result.data[i * width + column] = values[i];
  });
  const text = new Map(
    names.flatMap((name, i) => asText.has(name) ? [[name, body.map(({ cells }) => cells[i])] as const] : []),
  );
  const parts = { columns: columns.numeric.map(({ name }) => name), matrix: result, text };
  const settled = settleMissing(parts, missing, (row, [name, ...others]) => {
    if (row === undefined) return refuse(`column "${clipped(name)}"`, "is left with no value at all");
    const more = others.length > 0 ? `; so do the columns ${listed(others)}` : "";
    return refuse(
      `line ${body[row].line}, column "${clipped(name)}"`,
      `holds no value where a number was expected (or set "missing" to "nan", "drop" or "mean")${more}`,
    );
  });
  if (settled.remark) remarks.push(settled.remark);
  return { ...settled.table, ...remarks.length > 0 && { remarks } };
}

/**
 * Writes a table: a line of names, text columns first, numbers in the shortest form that reads back the same, NaN as
 * an empty cell.
 *
 * @param table A table; without `columns` the line of names is left out.
 * @throws {OptionError} for an option that is not known
 */
export function serializeCsv(
  table: Pick<Table, "matrix"> & Partial<Table>,
  options: Pick<CsvOptions, "delimiter"> = {},
): string {
  checkParts("table", table, { matrix: "matrix", columns: "list?", text: "map?" }, "write the csv data");
  const { delimiter = "," } = checkNames(options, { delimiter: true }, subject);
  checkDelimiter(delimiter);
  const { matrix: { data, shape: [rows, columns] }, columns: names, text = new Map<string, string[]>() } = table;
  const special = ['"', "\n", "\r", delimiter[0], ...delimiter === " " ? ["\t"] : []];
  const quote = (cell: string) =>
    cell !== cell.trim() || special.some((character) => cell.includes(character)) || cell === "" && delimiter === " "
      ? `"${cell.replaceAll('"', '""')}"`
      : cell;
  const lines: string[] = [];
  // An empty line means nothing to readers, so a lone empty cell is written in quotes.
  const push = (cells: string[]) => lines.push(cells.length === 1 && cells[0] === "" ? '""' : cells.join(delimiter));
  if (names) push([...text.keys(), ...names].map(quote));
  for (let i = 0; i < rows; i++) {
    const numbers = Array.from(data.subarray(i * columns, (i + 1) * columns), writeNumber);
    push([...Array.from(text.values(), (cells) => cells[i]), ...numbers].map(quote));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function writeNumber(value: number): string {
  if (Number.isNaN(value)) return "";
  return Object.is(value, -0) ? "-0" : String(value);
}

function refuse(field: string, problem: string): FormatError {
  return new FormatError("csv", field, problem);
}

/** The lines of a file as cells, the first `most` of them. */
export function readDelimited(
  source: string | Uint8Array,
  { encoding, delimiter, comment, decimal }: CsvOptions,
  most?: number,
): DelimitedRow[] {
  if (delimiter !== undefined) checkDelimiter(delimiter);
  if (comment !== undefined && /["\r\n]|^\s/.test(comment)) {
    throw new OptionError("comment", `Cannot use "comment": received ${JSON.stringify(comment)}.`);
  }
  const whole = decodeText("csv", source, encoding);
  // Excel's own first line says what stands between cells.
  const [said, character] = /^"?sep=([^\r\n])"?(?=\r?\n)/i.exec(whole) ?? [""];
  const text = whole.slice(said.length);
  const chosen = delimiter ?? character ?? detectDelimiter(text, comment, decimal);
  const rows = splitRows(text, { delimiter: chosen, comment }, refuse, most);
  if (rows.length === 0) throw refuse("the file", "has no lines");
  return rows;
}

function checkDelimiter(delimiter: string): void {
  if (typeof delimiter === "string" && /^(?:[ \t]|[^\s"]{1,8})$/.test(delimiter)) return;
  throw new OptionError(
    "delimiter",
    `Cannot use "delimiter": expected one character or a few, no quotes and no line ends, received ${
      JSON.stringify(delimiter)
    }.`,
  );
}

/** Names of all columns of a table, from its first lines. */
export function csvNames(source: string | Uint8Array, options: CsvOptions): readonly string[] {
  const settings = resolveOptions(parseCsvOptions, options, subject);
  return readNames(readDelimited(source, settings, 3), settings, missingCells(settings.missingWords)).names;
}

interface Names {
  readonly names: readonly string[];
  readonly body: readonly DelimitedRow[];
  /** Names of the columns that name the rows. */
  readonly index: readonly string[];
  /** What was done that the file does not say by itself. */
  readonly remarks: string[];
}

/** Tells the line of names from the others, and an index from the columns. */
function readNames(rows: readonly DelimitedRow[], settings: Settings, isMissing: (cell: string) => boolean): Names {
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
      throw refuse(`line ${line}`, `has ${cells.length} cells instead of ${names.length}${hint}`);
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

function checkColumns(names: readonly string[], { textColumns, categories }: Settings): void {
  const places = new Map<string, number>();
  names.forEach((name, i) => {
    const before = places.get(name);
    if (before !== undefined) {
      const what = name === "" ? "both have no name" : `are both called "${clipped(name)}"`;
      throw refuse(`columns ${before + 1} and ${i + 1}`, what);
    }
    places.set(name, i);
  });
  for (const name of [...textColumns, ...categories]) {
    if (places.has(name) || name === "*") continue;
    throw refuse(`column "${name}"`, `is missing; there are ${listed(names)}`);
  }
  const twice = textColumns.find((name) => categories.includes(name));
  if (twice !== undefined) {
    throw new OptionError(
      "categories",
      `Cannot use "categories": column ${JSON.stringify(twice)} is in "textColumns" too.`,
    );
  }
}

/** A cell that is not what its column needs. */
interface Fault {
  readonly column: string;
  readonly row: number;
  readonly cell: string;
  /** What is wrong with it; without it, it is no number. */
  readonly problem?: string;
}

interface Columns {
  readonly numeric: NumericColumn[];
  /** The first of each column that has some. */
  readonly faults: Fault[];
  /** Some number holds a point. */
  readonly pointed: boolean;
}

function readColumns(
  names: readonly string[],
  rows: readonly DelimitedRow[],
  asText: ReadonlySet<string>,
  isMissing: (cell: string) => boolean,
  settings: Settings & { readonly decimal: "." | "," },
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
    numeric.push(...indicatorColumns(name, classes, codes, (problem) => refuse(`column "${clipped(name)}"`, problem)));
  });
  const twice = numeric.length > names.length ? firstTwice(numeric.map(({ name }) => name)) : undefined;
  if (twice !== undefined) {
    throw refuse(`column "${clipped(twice)}"`, "would be there twice, as a column and a category");
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
function describe([{ column, row, cell, problem }, ...others]: readonly Fault[], rows: readonly DelimitedRow[]): Error {
  const field = `line ${rows[row].line}, column "${clipped(column)}"`;
  const more = others.length > 0 ? `; other columns with text: ${listed(others.map((fault) => fault.column))}` : "";
  if (problem !== undefined) return refuse(field, `holds ${JSON.stringify(clipped(cell))}, which ${problem}${more}`);
  const remedy = hasDecimalComma(cell)
    ? 'set "decimal" to ","'
    : /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(cell)
    ? 'set "thousands" to ",", or "decimal"'
    : /^[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?$/.test(cell)
    ? 'set "thousands" to "." and "decimal" to ","'
    : 'name the column in "textColumns" or "categories"';
  return refuse(field, `holds ${JSON.stringify(clipped(cell))} where a number was expected (or ${remedy})${more}`);
}

function listed(names: readonly string[]): string {
  return names.slice(0, 8).map((name) => clipped(name)).join(", ") + (names.length > 8 ? ", ..." : "");
}
