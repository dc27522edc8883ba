/** Tables with names: read from CSV, ARFF and npy, and taken apart into the columns that mean something. @module */

import {
  FormatError,
  type Matrix,
  matrix,
  parseArff,
  parseCsv,
  parseCsvOptions,
  parseNpy,
  parseTriplesOptions,
  ShapeError,
  toVector,
  type TriplesOptions,
} from "../mod.ts";
import { stat } from "node:fs/promises";
import { arffNames } from "../formats/arff.ts";
import { classesOf, indicatorColumns } from "../formats/categories.ts";
import { csvNames } from "../formats/csv.ts";
import { missingCells, settleMissing } from "../formats/missing.ts";
import type { TableParts } from "../formats/table.ts";
import { choice } from "../solvers/core/options.ts";
import type { FlagSpec, SolverOffer } from "./command.ts";
import { attempt, FileError, inputName, isNpy, readInput } from "./files.ts";
import { ignoring, knownNames, namesListed, namesValue } from "./names.ts";
import { columnRoles, type RolesNeeded } from "./roles.ts";
import { flagTable, type GivenFlags, settingsOf } from "./solver_options.ts";
import { available } from "./suggest.ts";
import type { Terminal } from "./terminal.ts";

/** A table of numbers with a name for each column, and the columns of labels beside them. */
export interface NamedTable {
  /** Where it comes from, for messages. */
  readonly path: string;
  readonly columns: readonly string[];
  readonly matrix: Matrix;
  /** Columns whose cells are labels, by name. */
  readonly text: ReadonlyMap<string, readonly string[]>;
}

const { textColumns: _, ...readingTable } = {
  ...parseCsvOptions,
  missing: choice(["error", "drop", "mean"], {
    about: "What becomes of missing values: an error, their rows left out, or the means of their columns.",
    default: "error",
  }),
};

const reading: SolverOffer = { tables: [readingTable] };

/** The flags that say how to read a table: those of `parseCsv`, and columns to leave out. */
export const tableOptions = {
  ...flagTable(reading),
  ignore: { kind: "names", value: "COLUMNS", about: "columns to leave out, names between commas" },
} as { readonly ignore: FlagSpec & { readonly kind: "names" } };

/** How the flags say to read lines of a row, a column and a value. */
export function triplesReading(options: object): TriplesOptions {
  const settings = settingsOf(reading, { ...options as GivenFlags, categories: undefined }, parseTriplesOptions);
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** What a command needs of a table. */
export interface TableNeeds extends RolesNeeded {
  /** Missing values stay NaN unless `--missing` says otherwise. */
  readonly keepMissing?: boolean;
  /** The column that names the rows of a CSV file is kept among the labels. */
  readonly keepIndex?: boolean;
}

/** The parts of an invocation that reading a table needs. */
interface Reader {
  readonly options: object;
  readonly terminal: Pick<Terminal, "note">;
  readonly signal: AbortSignal;
}

/**
 * Reads a table: `.npy` and `.arff` by their endings or by how they begin, everything else as CSV; `-` is the standard
 * input. What was recognised or replaced in it is noted on the terminal.
 *
 * @throws {FileError} for columns that are not there, and values that no solver takes
 */
export async function readTable(
  { options, terminal, signal }: Reader,
  path: string,
  { keepMissing = false, keepIndex = false, ...needed }: TableNeeds = {},
): Promise<NamedTable> {
  const given = options as GivenFlags, source = inputName(path);
  const categories = given.categories as readonly string[] | undefined;
  const settings = settingsOf(reading, { ...given, categories: undefined }, parseCsvOptions);
  const bytes = await readInput(path, signal);
  const format = formatOf(path, bytes);
  const { text, remarks, targets, ...table } = await attempt(path, () =>
    Promise.resolve(withFlags(() => {
      const names = namesOf(format, bytes, settings);
      const { targets, ...asked } = columnRoles(source, names, given.ignore as readonly string[] | undefined, needed);
      const chosen = { ...asked, categories: knownNames(source, categories, names, ["*"]), keepIndex };
      return { ...parse(format, source, bytes, settings, chosen), targets };
    })));
  for (const remark of remarks) terminal.note(`${source}: ${remark}`);
  if (table.matrix.shape[0] === 0 && !needed.mayLack) throw new FileError(`${source}: the table has no rows.`);
  const rule = keepMissing && given.missing === undefined ? "nan" : settings.missing;
  checkFinite(source, table);
  const { table: settled, remark } = settleMissing({ ...table, text }, rule ?? "error", (row, columns) => {
    const [name, ...others] = columns;
    if (row === undefined) return new FileError(`${source}: column "${name}" is left with no value at all.`);
    const elsewhere = others.length > 0 ? `, and ${namesListed(others)} elsewhere` : "";
    const remedies = [
      ...ignoring(columns),
      "--missing drop leaves out such rows, and --missing mean takes means of columns",
    ];
    return new FileError(
      `${source}: column "${name}" is NaN in row ${row + 1}${elsewhere}; ${remedies.join(", ")}.`,
    );
  }, targets);
  if (remark !== undefined) terminal.note(`${source}: ${remark}`);
  return { path: source, ...settled };
}

/** A table apart from one column of numbers, and that column. */
export function splitColumn(table: NamedTable, name: string): { rest: NamedTable; column: Float64Array } {
  const { path, columns, matrix: { data, shape: [rows, width] } } = table, at = columns.indexOf(name);
  if (at < 0) throw new FileError(`${path}: no column is called ${name}${available(name, columns)}`);
  return {
    rest: without(table, [name]),
    column: Float64Array.from({ length: rows }, (_, i) => data[i * width + at]),
  };
}

/** A table with a column of that name: from a file of that name, of one column, where the table has none. */
export async function withColumn(reader: Reader, table: NamedTable, name: string): Promise<NamedTable> {
  const { path, columns, matrix: { data, shape: [rows, width] } } = table;
  if (columns.includes(name) || name !== "-" && !(await stat(name).catch(() => undefined))?.isFile()) return table;
  const { ignore: _, categories: __, ...options } = reader.options as GivenFlags;
  const { columns: { length: count }, matrix: column } = await readTable({ ...reader, options }, name);
  if (count !== 1 || column.shape[0] !== rows) {
    throw new FileError(
      `${inputName(name)}: ${column.shape.join(" x ")} numbers; one column of ${rows}, the rows of ${path}, is needed.`,
    );
  }
  const result = matrix(rows, width + 1);
  for (let i = 0; i < rows; i++) {
    result.data.set(data.subarray(i * width, (i + 1) * width), i * (width + 1));
    result.data[(i + 1) * (width + 1) - 1] = column.data[i];
  }
  return { ...table, columns: [...columns, name], matrix: result };
}

/** Labels of rows: the different words in order, and the index of each row's. */
export interface Labels {
  readonly classes: readonly string[];
  readonly codes: Uint32Array;
}

/** A table apart from one column of labels, which `readTable` was told of, and the labels: numbers in their order. */
export function splitLabels(table: NamedTable, name: string): { rest: NamedTable; labels: Labels } {
  const cells = table.text.get(name);
  if (!cells) {
    throw new FileError(`${table.path}: no column is called ${name}${available(name, [...table.text.keys()])}`);
  }
  const at = cells.findIndex((cell) => missing(cell.trim()));
  if (at >= 0) throw new FileError(`${table.path}: column "${name}" has no label in row ${at + 1}.`);
  const { classes, codes } = classesOf(cells);
  if (classes.every((word) => word !== "" && Number.isFinite(Number(word)))) {
    const sorted = [...classes].sort((a, b) => Number(a) - Number(b));
    const places = new Map(sorted.map((word, place) => [word, place]));
    return {
      rest: withoutText(table, name),
      labels: { classes: sorted, codes: Uint32Array.from(codes, (code) => places.get(classes[code])!) },
    };
  }
  return { rest: withoutText(table, name), labels: { classes, codes: Uint32Array.from(codes) } };
}

const missing = missingCells();

function withoutText(table: NamedTable, name: string): NamedTable {
  return { ...table, text: new Map([...table.text].filter(([other]) => other !== name)) };
}

/** A table without the columns of some names. */
function without<T extends { columns: readonly string[]; matrix: Matrix }>(table: T, names: readonly string[]): T {
  const { columns, matrix: { data, shape: [rows, width] } } = table, left = new Set(names);
  const kept = columns.map((_, i) => i).filter((i) => !left.has(columns[i]));
  const result = matrix(rows, kept.length);
  for (let i = 0; i < rows; i++) kept.forEach((from, to) => result.data[i * kept.length + to] = data[i * width + from]);
  return { ...table, columns: kept.map((i) => columns[i]), matrix: result };
}

type Format = "csv" | "arff" | "npy";

function formatOf(path: string, bytes: Uint8Array): Format {
  const [, ending] = /\.(npy|arff)$/i.exec(path) ?? [];
  if (ending !== undefined) return ending.toLowerCase() as Format;
  if (isNpy(bytes)) return "npy";
  const foreign = [["PK\x03\x04", "a ZIP archive, as .xlsx and .npz are"], ["\x1f\x8b", "compressed"], [
    "PAR1",
    "Parquet",
  ]];
  const start = String.fromCharCode(...bytes.subarray(0, 2048));
  const [, kind] = foreign.find(([magic]) => start.startsWith(magic)) ?? [];
  if (kind !== undefined) {
    throw new FileError(`Cannot read ${inputName(path)}: it is ${kind}; a table is CSV, TSV, ARFF or npy.`);
  }
  const first = start.replace("\xef\xbb\xbf", "").split(/[\r\n]+/).find((line) => !/^\s*(?:%|$)/.test(line));
  return first !== undefined && /^\s*@relation\b/i.test(first) ? "arff" : "csv";
}

type Settings = Pick<
  Parameters<typeof csvNames>[1],
  "delimiter" | "header" | "index" | "encoding" | "decimal" | "thousands" | "comment" | "missingWords"
>;

function namesOf(format: Format, bytes: Uint8Array, settings: Settings): readonly string[] {
  if (format === "arff") return arffNames(bytes, settings.encoding);
  if (format === "csv") return csvNames(bytes, { ...settings });
  return Array.from({ length: arrayOf(bytes).shape[1] }, (_, i) => `column ${i + 1}`);
}

/** An array of one or two axes as a matrix: of one axis, a column. */
function arrayOf(bytes: Uint8Array): Matrix {
  const tensor = parseNpy(bytes), [rows, columns = 1, ...further] = tensor.shape;
  if (tensor.shape.length === 0 || further.length > 0) {
    throw new ShapeError("array", `the array has the shape [${tensor.shape}]; a table has rows and columns.`);
  }
  return { data: Float64Array.from(toVector(tensor)), shape: [rows, columns] };
}

interface Asked {
  readonly ignored: readonly string[];
  readonly labels: readonly string[];
  readonly categories: readonly string[];
  readonly keepIndex: boolean;
}

type Parsed = TableParts & { readonly remarks: readonly string[] };

function parse(format: Format, source: string, bytes: Uint8Array, settings: Settings, asked: Asked): Parsed {
  const { ignored, labels } = asked;
  const textColumns = [...new Set([...ignored, ...labels])];
  const categories = asked.categories.filter((name) => !textColumns.includes(name));
  const labelled = (text: ReadonlyMap<string, readonly string[]>) =>
    new Map([...text].filter(([name]) => labels.includes(name) && !ignored.includes(name)));
  if (format === "npy") {
    const array = arrayOf(bytes), columns = namesOf(format, bytes, settings);
    const table = { columns, matrix: array, text: new Map<string, string[]>() };
    const text = new Map(
      labels.map((name) => [name, Array.from(splitColumn({ path: source, ...table }, name).column, String)]),
    );
    return { ...without(table, textColumns), text, remarks: [] };
  }
  if (format === "arff") {
    const { text = new Map(), ...relation } = parseArff(bytes, { encoding: settings.encoding, textColumns });
    if (relation.weights) throw new FileError(`${source}: its rows have weights, which only a column can give here.`);
    return { ...numbersOf(source, relation, categories), text: labelled(text), remarks: [] };
  }
  const { text, remarks = [], ...table } = parseCsv(bytes, { ...settings, missing: "nan", textColumns, categories });
  const kept = asked.keepIndex ? new Map([...text].filter(([name]) => !ignored.includes(name))) : labelled(text);
  return { ...table, text: kept, remarks };
}

/** The library names its own options; on the command line they are flags. */
function withFlags<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FormatError) {
      error.message = error.message
        .replace(
          /\(or name the column in "textColumns" or "categories"\)/,
          "(--ignore leaves a column out, --categories makes its words columns)",
        )
        .replace(', and others as text if "textColumns" names them', "; --ignore leaves others out")
        .replace(/\bset "(\w+)",? to ("[^"]*")/g, "--$1 $2")
        .replace(/ and "decimal" to ","/, ' and --decimal ","')
        .replace(/, or "decimal"\)/, ', or --decimal ",")');
    }
    throw error;
  }
}

/**
 * Numbers for nominal values: their own where all are numbers, 0 and 1 for two words, and columns of ones and zeros
 * where they are asked for.
 */
function numbersOf(
  source: string,
  { attributes, matrix: { data, shape: [rows, width] } }: Pick<ReturnType<typeof parseArff>, "attributes" | "matrix">,
  categories: readonly string[],
): Pick<TableParts, "columns" | "matrix"> {
  const columns = attributes.flatMap(({ name, values }, j) => {
    const codes = Float64Array.from({ length: rows }, (_, i) => data[i * width + j]);
    if (values === undefined) return [{ name, values: codes }];
    const numbers = values.map((value) => value.trim() === "" ? NaN : Number(value));
    const numeric = numbers.every(Number.isFinite);
    if (categories.includes(name) || categories.includes("*") && !numeric && values.length > 2) {
      return indicatorColumns(
        name,
        values,
        codes,
        (problem) => new FileError(`${source}: column "${name}" ${problem}.`),
      );
    }
    if (numeric) return [{ name, values: codes.map((code) => Number.isNaN(code) ? NaN : numbers[code]) }];
    if (values.length <= 2) return [{ name, values: codes }];
    const some = values.slice(0, 3).join(", ");
    throw new FileError(
      `${source}: column "${name}" holds words (${some}, ...); --categories ${
        namesValue([name])
      } makes them columns, ` +
        `--ignore ${namesValue([name])} leaves it out.`,
    );
  });
  const result = matrix(rows, columns.length);
  columns.forEach(({ values }, j) => {
    for (let i = 0; i < rows; i++) result.data[i * columns.length + j] = values[i];
  });
  return { columns: columns.map(({ name }) => name), matrix: result };
}

/** Infinities, which npy may hold, are values that no solver takes, and no missing ones. */
function checkFinite(source: string, { columns, matrix: { data } }: Pick<TableParts, "columns" | "matrix">): void {
  const at = data.findIndex((value) => Math.abs(value) === Infinity);
  if (at < 0) return;
  const name = columns[at % columns.length], row = Math.floor(at / columns.length) + 1;
  throw new FileError(
    `${source}: column "${name}" is ${data[at]} in row ${row}; --ignore ${namesValue([name])} leaves it out.`,
  );
}
