/** Tables: of a CSV, ARFF or npy file, or of an example. */

import { type CsvOptions, parseArff, parseCsv, parseNpy, toMatrix } from "../../../formats/mod.ts";
import { type Matrix, matrix } from "../../../solvers/core/matrix.ts";
import type { Field, Values } from "../panel.ts";
import type { Chosen, Content } from "../solver.ts";
import { fileKind, headOf } from "./file_kind.ts";
import { type MissingChoice, readingOf } from "./reading.ts";

/** A table of named columns. */
export interface TableContent extends Content {
  /** Number of rows. */
  readonly rows: number;
  /** Columns of numbers, NaN where a value is missing. */
  readonly numbers: ReadonlyMap<string, Float64Array>;
  /** Columns of words, empty where one is missing. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  /** What becomes of rows that miss a value. @default "drop" */
  readonly missing?: MissingChoice;
}

/**
 * The table in a file. Columns of CSV that are not numbers are text, and nominal attributes of ARFF are too.
 *
 * @param reading What was chosen of how it is written.
 * @throws {Error} that says what the file is, where it is no table
 */
export async function readTable(file: File, reading: Values = {}): Promise<TableContent> {
  const kind = fileKind(file, await headOf(file)), isArray = kind === "a NumPy array";
  if (kind !== undefined && !isArray) {
    throw new Error(`${file.name} is ${kind}: a table was expected, as .csv, .arff or .npy.`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer()), { missing, csv } = readingOf(reading);
  try {
    const table = isArray
      ? tableOf(ofMatrix(toMatrix(parseNpy(bytes), file.name)))
      : /^\s*(?:%.*\s*)*@relation/i.test(startOf(bytes))
      ? ofArff(bytes, csv)
      : ofCsv(bytes, csv);
    if (table.rows === 0) throw new Error("It has no rows.");
    return { ...table, missing };
  } catch (error) {
    throw new Error(`${file.name} cannot be read as a table. ${(error as Error).message}`);
  }
}

/** A column and its name. */
export type Column = readonly [name: string, values: Float64Array | readonly string[]];

/** A table of columns; a name that is there already is numbered. */
export function tableOf(columns: readonly Column[]): TableContent {
  const numbers = new Map<string, Float64Array>(), texts = new Map<string, readonly string[]>();
  const fields = columns.map(([given, values]): Field => {
    let name = given;
    for (let count = 2; numbers.has(name) || texts.has(name); count++) name = `${given} (${count})`;
    if (values instanceof Float64Array) {
      numbers.set(name, values);
      return { name, kind: "numbers", about: aboutNumbers(values) };
    }
    texts.set(name, values);
    return { name, kind: "text", about: aboutWords(values) };
  });
  return { rows: columns[0]?.[1].length ?? 0, numbers, texts, fields };
}

/** The columns of a matrix, numbered from 1 where they have no names. */
function ofMatrix({ data, shape: [rows, columns] }: Matrix, names?: readonly string[]): Column[] {
  return Array.from({ length: columns }, (_, j) => [
    names?.[j] ?? `column ${j + 1}`,
    Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]),
  ]);
}

/** A column of words with more different ones than this names its rows, and is no category. */
const mostCategories = 64;

/**
 * The columns of a role as numbers [rows, columns]. A column of words becomes one of ones and zeros for each of them.
 *
 * @throws {Error} for a column of too many different words
 */
export function matrixOf(
  { content, roles }: Chosen<TableContent>,
  role: string,
): { readonly names: readonly string[]; readonly matrix: Matrix } {
  const columns = roles[role].flatMap((name): [string, Float64Array][] => {
    const numbers = content.numbers.get(name);
    if (numbers) return [[name, numbers]];
    const words = content.texts.get(name)!, kinds = [...new Set(words)];
    if (kinds.length > mostCategories) {
      throw new Error(`${name} has ${kinds.length} different values: as a category it may have ${mostCategories}.`);
    }
    return kinds.map((kind) => [`${name}=${kind}`, Float64Array.from(words, (word) => Number(word === kind))]);
  });
  const result = matrix(content.rows, columns.length);
  columns.forEach(([, values], j) => values.forEach((value, i) => result.data[i * columns.length + j] = value));
  return { names: columns.map(([name]) => name), matrix: result };
}

/** The numbers of a role of one field; undefined where an optional role has none. */
export function columnOf({ content, roles }: Chosen<TableContent>, role: string): Float64Array | undefined {
  return content.numbers.get(roles[role][0]);
}

/** The words of a role of one field, numbers as they are written; undefined where an optional role has none. */
export function wordsOf({ content, roles }: Chosen<TableContent>, role: string): readonly string[] | undefined {
  const [name] = roles[role];
  return content.texts.get(name) ?? (name === undefined ? undefined : Array.from(content.numbers.get(name)!, String));
}

/** Rows without missing values, and what was done about them. */
export interface CompleteRows {
  readonly data: Chosen<TableContent>;
  readonly kept: Uint32Array;
  readonly settled: Settled;
}

/** How many rows were left out, and how many values became means of their columns. */
export interface Settled {
  readonly dropped: number;
  readonly filled: number;
}

/**
 * The rows that have a value in every column of the roles, by the rule of the table for what is missing: `mean` fills the
 * columns of numbers of one role, `features` or `variables`, and no others.
 *
 * @throws {Error} when there is none, and for what is missing where that is an error
 */
export function completeRows({ content, roles }: Chosen<TableContent>, fill = "features"): CompleteRows {
  const { missing = "drop" } = content, names = Object.values(roles).flat();
  const isMissing = (name: string, i: number) => {
    const numbers = content.numbers.get(name);
    return numbers ? Number.isNaN(numbers[i]) : content.texts.get(name)![i] === "";
  };
  const everyRow = Array.from({ length: content.rows }, (_, i) => i);
  const lacking = (name: string) => everyRow.filter((i) => isMissing(name, i)).length;
  if (missing === "error") {
    const some = names.filter((name) => lacking(name) > 0);
    if (some.length > 0) {
      throw new Error(`Values are missing in ${some.map((name) => `${name} (${lacking(name)})`).join(", ")}.`);
    }
  }
  const means = new Map<string, number>();
  if (missing === "mean") {
    for (const name of roles[fill] ?? []) {
      const given = content.numbers.get(name)?.filter((value) => !Number.isNaN(value));
      if (given?.length) means.set(name, given.reduce((sum, value) => sum + value / given.length, 0));
    }
  }
  const needed = names.filter((name) => !means.has(name));
  const kept = Uint32Array.from(everyRow.filter((i) => !needed.some((name) => isMissing(name, i))));
  if (kept.length === 0) throw new Error(`No row has a value in each of ${needed.join(", ")}: choose fewer columns.`);
  let filled = 0;
  const numbers = new Map(
    [...content.numbers].map(([name, values]) => {
      const mean = means.get(name), some = Float64Array.from(kept, (i) => values[i]);
      if (mean === undefined) return [name, some];
      return [name, some.map((value) => Number.isNaN(value) ? (filled++, mean) : value)];
    }),
  );
  const texts = new Map([...content.texts].map(([name, words]) => [name, Array.from(kept, (i) => words[i])]));
  const data = { content: { ...content, rows: kept.length, numbers, texts }, roles };
  return { data, kept, settled: { dropped: content.rows - kept.length, filled } };
}

/** Words and numbers, whichever a column holds; the first column of names without a name is no variable. */
function ofCsv(bytes: Uint8Array, csv: CsvOptions): TableContent {
  const { columns, matrix, text, remarks = [] } = parseCsv(bytes, { ...csv, missing: "nan", textColumns: ["*"] });
  const words = [...text].map(([name, words]): Column => [name || "(index)", words]);
  const table = tableOf([...words, ...ofMatrix(matrix, columns)]);
  return { ...table, remarks: remarks.map((remark) => `${remark[0].toUpperCase()}${remark.slice(1)}.`) };
}

function ofArff(bytes: Uint8Array, { encoding }: CsvOptions): TableContent {
  const { attributes, matrix, text = new Map() } = parseArff(bytes, { encoding, textColumns: ["*"] });
  return tableOf([...text, ...ofMatrix(matrix, attributes.map(({ name }) => name))]);
}

function startOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes.subarray(0, 65536));
}

function aboutNumbers(values: Float64Array): string {
  let least = Infinity, most = -Infinity, missing = 0;
  for (const value of values) {
    if (Number.isNaN(value)) missing++;
    else [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  const range = least > most ? "no values" : `${Number(least.toPrecision(3))} to ${Number(most.toPrecision(3))}`;
  return missing > 0 ? `${range}, ${missing} missing` : range;
}

function aboutWords(words: readonly string[]): string {
  return `${new Set(words).size} different words`;
}
