/**
 * Tables of numbers as text: RFC 4180 and what else programs write, with delimiter, header, index and decimal comma
 * recognised where they are not given.
 */

import { checkParts } from "../solvers/core/kinds.ts";
import { describeFaults, readColumns } from "./csv_columns.ts";
import { readNames } from "./csv_header.ts";
import { type CsvOptions, type CsvSettings, parseCsvOptions } from "./csv_options.ts";
import { type DelimitedRow, detectDelimiter, splitRows } from "./delimited.ts";
import { clipped, csvError, listed } from "./errors.ts";
import { missingCells, settleMissing } from "./missing.ts";
import { hasDecimalComma } from "./number_text.ts";
import type { TableParts } from "./table.ts";
import { decodeText } from "./text.ts";
import { OptionError } from "../solvers/core/errors.ts";
import { matrix } from "../solvers/core/matrix.ts";
import { checkNames, resolveOptions } from "../solvers/core/resolve_options.ts";
import { shown } from "../solvers/core/shown.ts";

/** A table: named columns of numbers, and columns of text beside them. NaN stands for missing numbers. */
export interface Table extends TableParts {
  /** What was done that the file does not say by itself: a column taken for an index, missing values replaced. */
  readonly remarks?: readonly string[];
}

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
  if (faults.length > 0) throw describeFaults(faults, body);

  const width = columns.numeric.length, result = matrix(body.length, width);
  columns.numeric.forEach(({ values }, column) => {
    for (let i = 0; i < values.length; i++) result.data[i * width + column] = values[i];
  });
  const text = new Map(
    names.flatMap((name, i) => asText.has(name) ? [[name, body.map(({ cells }) => cells[i])] as const] : []),
  );
  const parts = { columns: columns.numeric.map(({ name }) => name), matrix: result, text };
  const settled = settleMissing(parts, missing, (row, [name, ...others]) => {
    if (row === undefined) return csvError(`column "${clipped(name)}"`, "is left with no value at all");
    const more = others.length > 0 ? `; so do the columns ${listed(others)}` : "";
    return csvError(
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

/** The lines of a file as cells, the first `most` of them. */
export function readDelimited(
  source: string | Uint8Array,
  { encoding, delimiter, comment, decimal }: CsvOptions,
  most?: number,
): DelimitedRow[] {
  if (delimiter !== undefined) checkDelimiter(delimiter);
  if (comment !== undefined && /["\r\n]|^\s/.test(comment)) {
    throw new OptionError("comment", `Cannot use "comment": received ${shown(comment)}.`);
  }
  const whole = decodeText("csv", source, encoding);
  // Excel's own first line says what stands between cells.
  const [said, character] = /^"?sep=([^\r\n])"?(?=\r?\n)/i.exec(whole) ?? [""];
  const text = whole.slice(said.length);
  const chosen = delimiter ?? character ?? detectDelimiter(text, comment, decimal);
  const rows = splitRows(text, { delimiter: chosen, comment }, csvError, most);
  if (rows.length === 0) throw csvError("the file", "has no lines");
  return rows;
}

function checkDelimiter(delimiter: string): void {
  if (typeof delimiter === "string" && /^(?:[ \t]|[^\s"]{1,8})$/.test(delimiter)) return;
  throw new OptionError(
    "delimiter",
    `Cannot use "delimiter": expected one character or a few, no quotes and no line ends, received ${
      shown(delimiter)
    }.`,
  );
}

/** Names of all columns of a table, from its first lines. */
export function csvNames(source: string | Uint8Array, options: CsvOptions): readonly string[] {
  const settings = resolveOptions(parseCsvOptions, options, subject);
  return readNames(readDelimited(source, settings, 3), settings, missingCells(settings.missingWords)).names;
}

function checkColumns(names: readonly string[], { textColumns, categories }: CsvSettings): void {
  const places = new Map<string, number>();
  names.forEach((name, i) => {
    const before = places.get(name);
    if (before !== undefined) {
      const what = name === "" ? "both have no name" : `are both called "${clipped(name)}"`;
      throw csvError(`columns ${before + 1} and ${i + 1}`, what);
    }
    places.set(name, i);
  });
  for (const name of [...textColumns, ...categories]) {
    if (places.has(name) || name === "*") continue;
    throw csvError(`column "${name}"`, `is missing; there are ${listed(names)}`);
  }
  const twice = textColumns.find((name) => categories.includes(name));
  if (twice !== undefined) {
    throw new OptionError(
      "categories",
      `Cannot use "categories": column ${JSON.stringify(twice)} is in "textColumns" too.`,
    );
  }
}
