/**
 * Tables of numbers as text: RFC 4180, with the delimiter and the header recognised where they are not given.
 */

import { FormatError } from "./errors.ts";
import { type Matrix, matrix } from "../solvers/core/matrix.ts";
import { choice, flag } from "../solvers/core/options.ts";
import { checkNames, checkOption } from "../solvers/core/resolve_options.ts";

/** A table: named columns of numbers, and columns of text beside them. */
export interface Table {
  /** Names of the numeric columns. */
  readonly columns: readonly string[];
  /** The numbers, `[rows, columns]` in f64; NaN where a cell is missing. */
  readonly matrix: Matrix;
  /** Columns kept as text, by name. */
  readonly text: ReadonlyMap<string, readonly string[]>;
}

/** How to read a table; all optional. */
export interface CsvOptions {
  /** One character. @default the tab, semicolon, bar, comma or space that every line has equally often */
  readonly delimiter?: string;
  /** Whether the first line holds names. @default whether it has a cell that is neither a number nor missing */
  readonly header?: boolean;
  /** What a missing cell (empty, NA, N/A, NaN, null, ?) becomes: NaN, or a FormatError. @default "error" */
  readonly missing?: "nan" | "error";
  /** Names of the columns to keep as text. @default none */
  readonly textColumns?: readonly string[];
}

interface Row {
  readonly line: number;
  readonly cells: string[];
}

const subject = "a table";
const headerOption = flag({ about: "Whether the first line holds names." });
const missingOption = choice(["nan", "error"], { about: "What a missing cell becomes." });

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const missingCell = /^(?:|NA|N\/A|NaN|nan|null|\?)$/;

/**
 * Reads a table.
 *
 * @param source Text, or UTF-8 bytes.
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
  const known = checkNames(options, { delimiter: true, header: true, missing: true, textColumns: true }, subject);
  const { delimiter, missing = "error", textColumns = [] } = known;
  if (known.header !== undefined) checkOption(headerOption, known.header, "header", subject);
  checkOption(missingOption, missing, "missing", subject);
  const text = decode(source);
  const rows = readRows(text, delimiter ?? detectDelimiter(text));
  if (rows.length === 0) throw refuse("the file", "has no lines");

  const first = rows[0].cells;
  const header = known.header ?? first.some((cell) => !decimal.test(cell.trim()) && !missingCell.test(cell.trim()));
  const names = header ? first.map((cell) => cell.trim()) : first.map((_, i) => `column ${i + 1}`);
  if (header) rows.shift();
  for (const name of textColumns) {
    if (!names.includes(name)) throw refuse(`column "${name}"`, `is missing; there are ${names.join(", ")}`);
  }

  const numeric = names.map((_, i) => i).filter((i) => !textColumns.includes(names[i]));
  const result = matrix(rows.length, numeric.length);
  rows.forEach(({ line, cells }, row) => {
    if (cells.length !== names.length) {
      throw refuse(`line ${line}`, `has ${cells.length} cells instead of ${names.length}`);
    }
    numeric.forEach((from, column) => {
      const cell = cells[from].trim();
      let value = Number(cell);
      if (!decimal.test(cell)) {
        const isMissing = missingCell.test(cell);
        if (!isMissing || missing === "error") {
          const remedy = isMissing ? 'set "missing" to "nan"' : 'name the column in "textColumns"';
          throw refuse(
            `line ${line}, column "${names[from]}"`,
            `holds ${isMissing ? "no value" : JSON.stringify(cell)} where a number was expected (or ${remedy})`,
          );
        }
        value = NaN;
      }
      result.data[row * numeric.length + column] = value;
    });
  });
  const texts = names.flatMap((name, i) =>
    textColumns.includes(name) ? [[name, rows.map(({ cells }) => cells[i])] as const] : []
  );
  return { columns: numeric.map((i) => names[i]), matrix: result, text: new Map(texts) };
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
  const { delimiter = "," } = checkNames(options, { delimiter: true }, subject);
  const { matrix: { data, shape: [rows, columns] }, columns: names, text = new Map<string, string[]>() } = table;
  const special = ['"', "\n", "\r", delimiter];
  const quote = (cell: string) =>
    cell !== cell.trim() || special.some((character) => cell.includes(character))
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

function decode(source: string | Uint8Array): string {
  if (typeof source === "string") return source.replace(/^\uFEFF/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(source.slice());
  } catch {
    throw refuse("the file", "is not UTF-8");
  }
}

/** The candidate that occurs equally often, outside quotes, in each of the first lines; in order of rarity in numbers. */
function detectDelimiter(text: string): string {
  const lines = text.slice(0, 65536).replace(/"[^"]*"/g, "").split(/\r\n|\n|\r/).filter((line) => line.trim() !== "");
  const whole = text.length > 65536 ? lines.slice(0, -1) : lines;
  const sample = whole.slice(0, 20);
  const count = (line: string, delimiter: string) => line.split(delimiter).length - 1;
  return ["\t", ";", "|", ",", " "].find((delimiter) => {
    const expected = sample.length > 0 ? count(sample[0], delimiter) : 0;
    return expected > 0 && sample.every((line) => count(line, delimiter) === expected);
  }) ?? ",";
}

/** Splits text into rows of cells; empty lines are left out. */
function readRows(text: string, delimiter: string): Row[] {
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new TypeError(`Cannot use "delimiter": expected one character, received ${JSON.stringify(delimiter)}.`);
  }
  const rows: Row[] = [];
  let line = 1, at = 0;
  while (at < text.length) {
    const row: Row = { line, cells: [] };
    const start = at;
    let more = true;
    while (more) {
      if (text[at] === '"') {
        const opened = line;
        let cell = "";
        for (;;) {
          const close = text.indexOf('"', at + 1);
          if (close < 0) throw refuse(`line ${opened}`, "opens a quote that is never closed");
          cell += text.slice(at + 1, close);
          at = close + 1;
          if (text[at] !== '"') break;
          cell += '"';
        }
        line += cell.split(/\r\n|\n|\r/).length - 1;
        row.cells.push(cell);
        if (at < text.length && !isEnd(text[at])) {
          throw refuse(`line ${line}`, `has ${JSON.stringify(text[at])} after a closing quote`);
        }
      } else {
        const begin = at;
        while (at < text.length && !isEnd(text[at])) {
          if (text[at] === '"') throw refuse(`line ${line}`, "has a quote inside a cell that does not start with one");
          at++;
        }
        row.cells.push(text.slice(begin, at));
      }
      more = text[at] === delimiter;
      if (more) at++;
    }
    if (at > start) rows.push(row);
    at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
    line++;
  }
  return rows;

  function isEnd(character: string): boolean {
    return character === delimiter || character === "\n" || character === "\r";
  }
}
