import { readFile } from "node:fs/promises";
import { FormatError, type Matrix, matrix, parseArff, parseCsv, parseNpy, toMatrix } from "../mod.ts";
import type { FlagTable, FlagValues } from "./command.ts";
import { attempt, FileError } from "./files.ts";
import { available } from "./suggest.ts";

/** A table of numbers with a name for each column. */
export interface NamedTable {
  readonly columns: readonly string[];
  readonly matrix: Matrix;
}

/** How to read a table. */
export const tableOptions = {
  delimiter: { kind: "text", value: "CHARACTER", about: "between cells (default: recognised)" },
  ignore: { kind: "text", value: "COLUMNS", about: "columns to leave out, names between commas" },
} as const satisfies FlagTable;

/** Reads a table: `.npy` and `.arff` by their endings, everything else as CSV. */
export async function readTable(path: string, options: FlagValues<typeof tableOptions>): Promise<NamedTable> {
  const ignored = options.ignore?.split(",") ?? [];
  const table = await attempt(path, async () => parse(path, await readFile(path), options.delimiter, ignored));
  const unknown = ignored.find((name) => !table.columns.includes(name) && !table.text.includes(name));
  if (unknown !== undefined) {
    throw new FileError(
      `${path}: no column is called ${unknown}${available(unknown, [...table.columns, ...table.text])}`,
    );
  }
  const rest = without(table, ignored);
  checkFinite(path, rest);
  return rest;
}

/** Missing values are NaN in ARFF and npy, and no solver of tables takes them. */
function checkFinite(path: string, { columns, matrix: { data } }: NamedTable): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const name = columns[at % columns.length], row = Math.floor(at / columns.length) + 1;
  throw new FileError(`${path}: column "${name}" is ${data[at]} in row ${row}; --ignore "${name}" leaves it out.`);
}

/** A table apart from one column, and that column. */
export function splitColumn(path: string, table: NamedTable, name: string): { rest: NamedTable; column: Float64Array } {
  const at = table.columns.indexOf(name);
  if (at < 0) throw new FileError(`${path}: no column is called ${name}${available(name, table.columns)}`);
  const { data, shape: [rows, width] } = table.matrix;
  return {
    rest: without(table, [name]),
    column: Float64Array.from({ length: rows }, (_, i) => data[i * width + at]),
  };
}

function parse(
  path: string,
  bytes: Uint8Array,
  delimiter: string | undefined,
  ignored: readonly string[],
): NamedTable & { readonly text: readonly string[] } {
  if (path.endsWith(".npy")) {
    const array = toMatrix(parseNpy(bytes), path);
    return { columns: Array.from({ length: array.shape[1] }, (_, i) => `column ${i + 1}`), matrix: array, text: [] };
  }
  if (path.endsWith(".arff")) {
    const { attributes, matrix } = parseArff(bytes);
    return { columns: attributes.map(({ name }) => name), matrix, text: [] };
  }
  try {
    const { columns, matrix, text } = parseCsv(bytes, { delimiter, textColumns: ignored });
    return { columns, matrix, text: [...text.keys()] };
  } catch (error) {
    // The library names its own option; on the command line it is another.
    if (error instanceof FormatError) {
      error.message = error.message.replace(/\(or [^)]*\)/, "(--ignore leaves a column out)");
    }
    throw error;
  }
}

function without(
  { columns, matrix: { data, shape: [rows, width] } }: NamedTable,
  names: readonly string[],
): NamedTable {
  const kept = columns.map((_, i) => i).filter((i) => !names.includes(columns[i]));
  const result = matrix(rows, kept.length);
  for (let i = 0; i < rows; i++) kept.forEach((from, to) => result.data[i * kept.length + to] = data[i * width + from]);
  return { columns: kept.map((i) => columns[i]), matrix: result };
}
