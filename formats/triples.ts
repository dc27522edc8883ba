/**
 * Observed entries of a matrix as lines `row column value`, with anything after them: ratings as MovieLens and LIBMF
 * write them.
 */

import { checkParts } from "../solvers/core/kinds.ts";
import { parseCsvOptions } from "./csv_options.ts";
import { readDelimited } from "./csv.ts";
import { clipped, FormatError } from "./errors.ts";
import { missingCells } from "./missing.ts";
import { numberReader } from "./number_text.ts";
import { type Encoding, encodingOption } from "./text.ts";
import { choice, flag, type OptionTable } from "../solvers/core/options.ts";
import { resolveOptions } from "../solvers/core/resolve_options.ts";

/** How to read triples; all optional. */
export interface TriplesOptions {
  /** What stands between cells; a blank stands for any run of blanks. @default recognised */
  readonly delimiter?: string;
  /** Whether the first line holds names. @default whether its value is a word */
  readonly header?: boolean;
  /** Encoding of the bytes. @default `utf-8`, or what a byte order mark says */
  readonly encoding?: Encoding;
  /** What stands before the fraction of a number. @default `.`, or `,` where all values can be read so alone */
  readonly decimal?: "." | ",";
  /** What a line begins with that is left out. @default none */
  readonly comment?: string;
}

/** Names of the rows or columns of a matrix, in order, and the place of each. */
export type NamePlaces = ReadonlyMap<string, number>;

/** Observed entries with the names of their rows and columns. */
export interface NamedObservations {
  /** Numbers of rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
  /** Row of each entry. */
  readonly rows: Uint32Array;
  /** Column of each entry. */
  readonly columns: Uint32Array;
  /** Value of each entry. */
  readonly values: Float64Array;
  /** Places of the rows by the words of the file: in order of their numbers where all are numbers, else sorted. */
  readonly rowNames: NamePlaces;
  /** The same for the columns. */
  readonly columnNames: NamePlaces;
  /** Line of the file in which each entry stands. */
  readonly lines: Uint32Array;
}

/** The options of {@linkcode parseTriples}. */
export const parseTriplesOptions: OptionTable<
  TriplesOptions,
  "delimiter" | "header" | "encoding" | "decimal" | "comment"
> = {
  delimiter: parseCsvOptions.delimiter,
  header: flag({ about: "Whether the first line holds names.", otherwise: "whether its value is a word" }),
  encoding: encodingOption,
  decimal: choice([".", ","], {
    about: "What stands before the fraction of a number.",
    otherwise: "`.`, or `,` where all values can be read so alone",
  }),
  comment: parseCsvOptions.comment,
};

/**
 * Reads lines of a row, a column and a value between tabs, commas, semicolons, double colons or blanks; what follows,
 * such as the time of a rating, is left out. A first line whose value is a word holds names. Rows and columns may be
 * named by anything. Takes time in proportion to the text, but for sorting the names.
 *
 * @param source Text, or bytes.
 * @param known Places of rows and columns from another file, such as that for training, which further names follow.
 * @throws {FormatError} naming the line
 * @throws {OptionError} for an option that is not known, or not what it should be
 *
 * @example
 * ```ts
 * import { parseTriples } from "@minima/minima";
 * const { shape, values, rowNames, columnNames } = parseTriples("ann::up::5\nbob::up::3\nann::ice::4\n");
 * if (shape.join() !== "2,2" || values[1] !== 3) throw new Error("wrong ratings");
 * if (rowNames.get("bob") !== 1 || columnNames.get("ice") !== 0) throw new Error("wrong names");
 * ```
 */
export function parseTriples(
  source: string | Uint8Array,
  options: TriplesOptions = {},
  known: { readonly rowNames?: NamePlaces; readonly columnNames?: NamePlaces } = {},
): NamedObservations {
  const settings = resolveOptions(parseTriplesOptions, options, "triples");
  checkParts("known", known, { rowNames: "map?", columnNames: "map?" }, "read the csv data");
  const lines = readDelimited(source, settings);
  const read = numberReader({
    decimal: settings.decimal ?? decimalOf(lines.map(({ cells }) => (cells[2] ?? "").trim())),
  });
  const valueOf = (cells: readonly string[]) => read((cells[2] ?? "").trim());
  // "NaN" and the like are no name, but a value that is not there; a number of another decimal is none either.
  const byComma = numberReader({ decimal: "," });
  const named = (cells: readonly string[]) =>
    Number.isNaN(valueOf(cells)) && Number.isNaN(byComma(cells[2].trim())) && !missingCells()(cells[2].trim());
  const header = settings.header ?? (lines[0].cells.length > 2 && named(lines[0].cells));
  const body = header ? lines.slice(1) : lines;
  const values = new Float64Array(body.length);
  body.forEach(({ line, cells }, k) => {
    const refuse = (problem: string) => new FormatError("csv", `line ${line}`, problem);
    if (cells.length < 3) throw refuse(`has ${cells.length} cells; a row, a column and a value are needed`);
    const empty = cells.findIndex((cell, i) => i < 2 && cell.trim() === "");
    if (empty >= 0) throw refuse(`does not say which ${["row", "column"][empty]}`);
    values[k] = valueOf(cells);
    if (!Number.isFinite(values[k])) throw refuse(`has ${JSON.stringify(clipped(cells[2]))} for a value`);
  });
  const rowNames = placesOf(body.map(({ cells }) => cells[0].trim()), known.rowNames);
  const columnNames = placesOf(body.map(({ cells }) => cells[1].trim()), known.columnNames);
  return {
    shape: [rowNames.size, columnNames.size],
    rows: Uint32Array.from(body, ({ cells }) => rowNames.get(cells[0].trim())!),
    columns: Uint32Array.from(body, ({ cells }) => columnNames.get(cells[1].trim())!),
    values,
    rowNames,
    columnNames,
    lines: Uint32Array.from(body, ({ line }) => line),
  };
}

/** A comma with three digits behind it may part thousands. */
const mayBeThousands = /,\d{3}$/;

/** What stands before fractions: commas where numbers are not to be read otherwise, the first line, which may hold names, aside. */
function decimalOf([_, ...values]: readonly string[]): "." | "," {
  const byPoint = numberReader({ decimal: "." }), byComma = numberReader({ decimal: "," });
  const odd = values.filter((value) => Number.isNaN(byPoint(value)));
  if (odd.length === 0 || odd.every((value) => mayBeThousands.test(value))) return ".";
  return values.every((value) => !Number.isNaN(byComma(value))) ? "," : ".";
}

/** A place for each name: those that are known first, then the others by number, or by their letters. */
function placesOf(names: readonly string[], known: NamePlaces = new Map()): NamePlaces {
  const further = [...new Set(names)].filter((name) => !known.has(name));
  const numeric = further.every((name) => /^\d{1,15}$/.test(name));
  further.sort(numeric ? (a, b) => Number(a) - Number(b) : undefined);
  const places = new Map(known);
  for (const name of further) places.set(name, places.size);
  return places;
}
