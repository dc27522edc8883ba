/**
 * Weka's attribute-relation files: attributes with types, then rows in the order of the attributes, dense or sparse.
 */

import { type ArffAttribute, arffHeader } from "./arff_header.ts";
import { type Refuse, type Word, type Words, wordsOf } from "./arff_words.ts";
import { dateReader } from "./date_text.ts";
import { clipped, FormatError } from "./errors.ts";
import { numberReader } from "./number_text.ts";
import { decodeText, type Encoding, encodingOption } from "./text.ts";
import { type Matrix, matrix } from "../solvers/core/matrix.ts";
import { names, type OptionTable } from "../solvers/core/options.ts";
import { resolveOptions } from "../solvers/core/resolve_options.ts";
import { counted } from "../solvers/core/shown.ts";

/** An ARFF file whose attributes are numeric, nominal or dates. */
export interface ArffRelation {
  /** Name of the relation. */
  readonly relation: string;
  /** The columns, in order. */
  readonly attributes: readonly ArffAttribute[];
  /** `[rows, attributes]` in f64: numbers, codes 0, 1, ... of nominal values, milliseconds since 1970 in UTC of dates, NaN where the file has `?`. */
  readonly matrix: Matrix;
  /** The attributes that were asked for as text, by name; `?` is an empty cell. Absent where none was. */
  readonly text?: ReadonlyMap<string, readonly string[]>;
  /** Weights of the rows, where the file has any: 1 where a row has none. */
  readonly weights?: Float64Array;
}

/** How to read an ARFF file; all optional. */
export interface ArffOptions {
  /** Encoding of the bytes. @default `utf-8`, or what a byte order mark says */
  readonly encoding?: Encoding;
  /** Names of the attributes to keep as text, of any type but relational; `["*"]` for all not numeric. @default [] */
  readonly textColumns?: readonly string[];
}

/** The options of {@linkcode parseArff}. */
export const parseArffOptions: OptionTable<ArffOptions, "encoding"> = {
  encoding: encodingOption,
  textColumns: names({ about: "Attributes to keep as text; * for all that are not numeric.", default: [] }),
};

/**
 * Reads a file. A quoted `?` is a value, a plain one a missing value. Comments may follow at the end of a line, rows may
 * end in a weight `{2}`, and ranges after numeric types are allowed, but not checked. Takes time in proportion to the
 * text, however many values attributes have.
 *
 * @param source Text, or bytes.
 * @throws {FormatError} naming the line, for what the format forbids, for text attributes that `textColumns`
 * does not name, for patterns of dates that are not known, and for relational ones
 * @throws {OptionError} for an option that is not known, or not what it should be
 *
 * @example
 * ```ts
 * import { parseArff } from "@minima/minima";
 * const file = "@relation r\n@attribute x numeric\n@attribute y {no, yes}\n@data\n1.5, yes\n?, no\n";
 * const { attributes, matrix } = parseArff(file);
 * if (attributes[1].values?.[1] !== "yes" || matrix.data[1] !== 1) throw new Error("wrong codes");
 * ```
 */
export function parseArff(source: string | Uint8Array, options: ArffOptions = {}): ArffRelation {
  const { encoding, textColumns } = resolveOptions(parseArffOptions, options, "an ARFF file");
  const lines = linesOf(source, encoding);
  const asText = new Set(textColumns);
  const { relation, attributes, dataLine, rest } = arffHeader(lines, asText, refuseAt);
  for (const name of textColumns) {
    if (name === "*" || attributes.some((attribute) => attribute.name === name)) continue;
    const some = attributes.slice(0, 8).map((attribute) => attribute.name).join(", ");
    throw new FormatError("arff", `attribute "${clipped(name)}"`, `is missing; there are ${some || "none"}`);
  }
  const readers = attributes.map((attribute) => cellReader(attribute, asText.has(attribute.name)));
  const weights: number[] = [];
  let rows = 0, weighted = false;
  for (let index = dataLine; index < lines.length; index++) {
    // A row may follow @data on its line.
    const words = wordsOf(index === dataLine ? rest : lines[index], refuseAt(index));
    if (words.done()) continue;
    const weight = readRow(words, readers, refuseAt(index));
    weighted ||= weight !== undefined;
    weights.push(weight ?? 1);
    rows++;
  }
  const numeric = readers.filter(({ text }) => text === undefined);
  const result = matrix(rows, numeric.length);
  numeric.forEach(({ numbers }, column) => {
    for (let i = 0; i < rows; i++) result.data[i * numeric.length + column] = numbers[i];
  });
  return {
    relation,
    attributes: numeric.map(({ name, values, dates }) => ({ name, ...values && { values }, ...dates && { dates } })),
    matrix: result,
    ...textColumns.length > 0 && { text: new Map(readers.flatMap(({ name, text }) => text ? [[name, text]] : [])) },
    ...weighted && { weights: Float64Array.from(weights) },
  };
}

/** Names of all attributes of a file. */
export function arffNames(source: string | Uint8Array, encoding: Encoding | undefined): string[] {
  return arffHeader(linesOf(source, encoding), new Set(["*"]), refuseAt).attributes.map(({ name }) => name);
}

function linesOf(source: string | Uint8Array, encoding: Encoding | undefined): string[] {
  return decodeText("arff", source, encoding).split(/\r\n|\n|\r/);
}

function refuseAt(index: number): Refuse {
  return (problem) => new FormatError("arff", `line ${index + 1}`, problem);
}

interface CellReader extends ArffAttribute {
  readonly numbers: number[];
  readonly text?: string[];
  /** Takes the cell of a row; without one, what a sparse row leaves out. */
  take(word: Word | undefined, refuse: Refuse): void;
}

const readNumber = numberReader({ decimal: "." });

function cellReader({ name, values, dates }: ArffAttribute, asText: boolean): CellReader {
  const numbers: number[] = [];
  if (asText) {
    const text: string[] = [], left = values ? values[0] ?? "" : "0";
    return { name, numbers, text, take: (word) => void text.push(word ? isMissing(word) ? "" : word.text : left) };
  }
  const dateOf = dates === undefined ? undefined : dateReader(dates);
  const codes = values && new Map(values.map((value, code) => [value, code]));
  return {
    name,
    values,
    dates,
    numbers,
    take(word, refuse) {
      if (word === undefined) return void numbers.push(0);
      if (isMissing(word)) return void numbers.push(NaN);
      const number = codes
        ? codes.get(word.text) ?? NaN
        : dateOf
        ? dateOf(word.text)
        : word.text.endsWith("%")
        ? NaN
        : readNumber(word.text);
      if (!Number.isFinite(number)) {
        const kind = dates !== undefined
          ? `a date like ${dates}`
          : values
          ? `{${values.slice(0, 8)}${values.length > 8 ? ",..." : ""}}`
          : "numeric";
        const why = Number.isNaN(number) ? "" : ", but beyond the range of numbers";
        throw refuse(
          `has ${JSON.stringify(clipped(word.text))} for "${clipped(name)}", which is ${clipped(kind)}${why}`,
        );
      }
      numbers.push(number);
    },
  };
}

function isMissing({ text, quoted }: Word): boolean {
  return text === "?" && !quoted;
}

/** Reads a row into the columns. @returns its weight, if it has one */
function readRow(words: Words, readers: readonly CellReader[], refuse: Refuse): number | undefined {
  if (words.peek() === "{") readSparse(words, readers, refuse);
  else readDense(words, readers, refuse);
  if (words.done()) return undefined;
  if (words.peek() === ",") words.take(",");
  words.take("{");
  const { text } = words.next("}"), weight = readNumber(text);
  words.take("}");
  if (!(weight >= 0 && weight < Infinity) || !words.done()) throw refuse("does not end in a weight between braces");
  return weight;
}

function readDense(words: Words, readers: readonly CellReader[], refuse: Refuse): void {
  const cells = [words.phrase(",\t{")];
  while (!words.done()) {
    // What stands between braces after the last value is the weight of the row.
    if (cells.length === readers.length && words.peek() === "{") break;
    words.separate();
    if (cells.length === readers.length && words.peek() === "{") break;
    cells.push(words.phrase(",\t{"));
  }
  const split = cells.length === 1 && readers.length > 1 && !cells[0].quoted ? cells[0].text.split(/\s+/) : [];
  const row = split.length === readers.length ? split.map((text) => ({ text, quoted: false })) : cells;
  if (row.length !== readers.length) {
    throw refuse(`has ${counted(row.length, "value")} for ${readers.length} attributes`);
  }
  row.forEach((word, column) => readers[column].take(word, refuse));
}

function readSparse(words: Words, readers: readonly CellReader[], refuse: Refuse): void {
  const given = new Map<number, Word>();
  words.take("{");
  while (words.peek() !== "}") {
    if (words.done()) throw refuse("opens a sparse row that it does not close");
    const { text } = words.next(",}"), column = Number(text);
    if (!/^\d+$/.test(text) || column >= readers.length) {
      throw refuse(
        `has a sparse entry at ${JSON.stringify(clipped(text))}; columns are 0 to ${readers.length - 1}`,
      );
    }
    if (given.has(column)) throw refuse(`has two sparse entries at ${column}`);
    given.set(column, words.phrase(",}"));
    if (words.peek() === ",") words.take(",");
    else if (words.peek() !== "}" && !words.done()) words.take(",");
  }
  words.take("}");
  readers.forEach((reader, column) => reader.take(given.get(column), refuse));
}
