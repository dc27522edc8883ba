/** Observed entries of a matrix in files: lines of row, column and value, or a table with blanks. @module */

import { matrix, observedEntries, parseTriples, serializeCsv, type TriplesOptions } from "../mod.ts";
import { withNames } from "../solvers/core/names.ts";
import { attempt, FileError, inputName, readInput } from "./files.ts";
import { readTable, triplesReading } from "./tables.ts";

/** Entries that are written at most, where those to predict are not named. */
const mostWritten = 2_000_000;

/** Observed entries of a file. */
export interface Observed {
  readonly shape: readonly [number, number];
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array | Float64Array;
}

/** What is predicted at some places: columns of numbers to write, and what to fill blanks of a table with. */
export type Predictor = (rows: Uint32Array, columns: Uint32Array) => {
  readonly names: readonly string[];
  readonly values: readonly ArrayLike<number>[];
  readonly filling: ArrayLike<number>;
};

/** What is known, and what is written of the answer. */
export interface Given {
  readonly observed: Observed;
  readonly rowNames: readonly string[];
  readonly columnNames: readonly string[];
  /** The places to predict that are named. */
  readonly pairs?: Pairs;
  /** The predictions beside the names of the input, or the table filled, as CSV. */
  content(predict: Predictor): string;
}

/** A fit whose remarks have the names of the file. */
export function named<F extends { readonly remarks: readonly string[] }>(
  fit: F,
  { rowNames, columnNames }: Pick<Given, "rowNames" | "columnNames">,
): F {
  return { ...fit, remarks: fit.remarks.map((remark) => withNames(remark, { row: rowNames, column: columnNames })) };
}

/** A table whose blanks are missing; columns of words go beside it as they are. */
export async function fromTable(invocation: Parameters<typeof readTable>[0], path: string): Promise<Given> {
  const { columns, matrix: table, text } = await readTable(invocation, path, { keepMissing: true, keepIndex: true });
  const [rows] = table.shape, first = [...text.values()][0], observed = observedEntries(table);
  if (observed.values.length === 0) throw new FileError(`${inputName(path)}: no cell of the table has a number.`);
  return {
    observed,
    rowNames: Array.from({ length: rows }, (_, i) => first?.[i] ?? String(i + 1)),
    columnNames: columns,
    content(predict) {
      const filled = matrix(rows, columns.length, Float64Array.from(table.data));
      const blanks = Uint32Array.from(filled.data.keys()).filter((at) => Number.isNaN(filled.data[at]));
      const { filling } = predict(
        blanks.map((at) => Math.floor(at / columns.length)),
        blanks.map((at) => at % columns.length),
      );
      blanks.forEach((at, k) => filled.data[at] = filling[k]);
      return serializeCsv({ columns, matrix: filled, text });
    },
  };
}

/** Lines of a row, a column and a value; and lines of what to predict, with or without values. */
export async function fromTriples(
  { options, signal }: Pick<Parameters<typeof readTable>[0], "options" | "signal">,
  path: string,
  predict: string | undefined,
): Promise<Given> {
  const bytes = await readInput(path, signal), asked = triplesReading(options);
  const observed = await attempt(path, async () => {
    try {
      return await Promise.resolve(parseTriples(bytes, { ...readingOf(new TextDecoder().decode(bytes)), ...asked }));
    } catch (error) {
      if (error instanceof Error) error.message += " (A table whose blanks are missing needs --table.)";
      throw error;
    }
  });
  if (observed.values.length === 0) {
    throw new FileError(`${inputName(path)}: no ratings; lines of a row, a column and a value are needed.`);
  }
  const rowNames = [...observed.rowNames.keys()], columnNames = [...observed.columnNames.keys()];
  refuseRepeated(path, observed, rowNames, columnNames);
  const pairs = predict === undefined ? undefined : await readPairs(predict, observed, asked, signal);
  return {
    observed,
    rowNames,
    columnNames,
    ...pairs && { pairs },
    content(predict) {
      const { rows, columns } = pairs ?? missingPlaces(inputName(path), observed);
      const { names, values } = predict(rows, columns);
      const text = new Map([
        ["row", Array.from(rows, (row) => rowNames[row])],
        ["column", Array.from(columns, (column) => columnNames[column])],
      ]);
      const written = matrix(rows.length, names.length);
      values.forEach((list, k) => {
        for (let i = 0; i < rows.length; i++) written.data[i * names.length + k] = list[i];
      });
      return serializeCsv({ columns: [...names], matrix: written, text });
    },
  };
}

/** @throws {FileError} for a row and a column that have two values: none of them wins */
function refuseRepeated(
  path: string,
  { shape, rows, columns, lines }: ReturnType<typeof parseTriples>,
  rowNames: readonly string[],
  columnNames: readonly string[],
): void {
  const seen = new Map<number, number>();
  rows.forEach((row, k) => {
    const place = row * shape[1] + columns[k], first = seen.get(place);
    if (first !== undefined) {
      throw new FileError(
        `${inputName(path)}: line ${lines[k]} has a value for ${rowNames[row]} and ${
          columnNames[columns[k]]
        }, as line ${lines[first]} has.`,
      );
    }
    seen.set(place, k);
  });
}

/** Places to predict. */
export interface Pairs {
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  /** Where the file has them. */
  readonly values?: Float64Array;
}

/** Pairs of names; a third cell is the value that a prediction is held against. */
async function readPairs(
  path: string,
  observed: Pick<ReturnType<typeof parseTriples>, "rowNames" | "columnNames">,
  asked: TriplesOptions,
  signal: AbortSignal,
): Promise<Pairs> {
  const text = new TextDecoder().decode(await readInput(path, signal));
  const all = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const withValues = all.length > 0 && all.every((line) => cellsOf(line).length > 2);
  // Without values no cell tells a header; a first line of which neither name is known is one.
  const lines = all.length > 1 && namesColumns(all[0], observed) ? all.slice(1) : all;
  const source = withValues ? text : lines.map((line) => [...cellsOf(line).slice(0, 2), "0"].join("\t")).join("\n");
  const reading = withValues ? { ...readingOf(text), ...asked } : { header: false, delimiter: "\t" };
  const { rows, columns, values, rowNames, columnNames } = await attempt(
    path,
    () => Promise.resolve(parseTriples(source, reading, observed)),
  );
  for (
    const [what, names, known] of [
      ["row", rowNames, observed.rowNames],
      ["column", columnNames, observed.columnNames],
    ] as const
  ) {
    if (names.size === known.size) continue;
    const unknown = [...names.keys()].find((name) => !known.has(name));
    throw new FileError(`${inputName(path)}: no ${what} of the ratings is called ${unknown}`);
  }
  return { rows, columns, ...(withValues && { values }) };
}

/** Whether neither a row nor a column is called what a line says. */
function namesColumns(
  line: string,
  { rowNames, columnNames }: Pick<ReturnType<typeof parseTriples>, "rowNames" | "columnNames">,
) {
  const [row, column = ""] = cellsOf(line);
  return !rowNames.has(row) && !columnNames.has(column);
}

/** What stands between the cells of a line; names may have blanks where something else does. */
function delimiterOf(line: string): string | undefined {
  return ["\t", ";", ",", "::"].find((delimiter) => line.includes(delimiter));
}

const cellsOf = (line: string) => line.trim().split(delimiterOf(line) ?? /\s+/);

/** How to read a text of triples: recognised, but for tabs between names with blanks. */
function readingOf(text: string): { delimiter?: string } {
  return text.slice(0, text.indexOf("\n")).includes("\t") ? { delimiter: "\t" } : {};
}

function missingPlaces(name: string, { shape: [height, width], rows, columns }: Observed): Pairs {
  if (height * width - rows.length > mostWritten) {
    throw new FileError(
      `${name}: ${height * width - rows.length} entries are missing; --predict PAIRS says which to write.`,
    );
  }
  const seen = new Uint8Array(height * width);
  rows.forEach((row, e) => seen[row * width + columns[e]] = 1);
  const places = Uint32Array.from(seen.keys()).filter((at) => seen[at] === 0);
  return { rows: places.map((at) => Math.floor(at / width)), columns: places.map((at) => at % width) };
}

/** Rows and columns that a heat map has at most. */
const mostDrawn = 200;

/** A heat map of what was observed, in numbers of the same order as the entries, and what is predicted between. */
export async function drawFilled(
  { observed, rowNames, columnNames }: Given,
  predict: (rows: Uint32Array, columns: Uint32Array) => ArrayLike<number>,
  values: ArrayLike<number>,
): Promise<string> {
  const { drawHeatMap } = await import("../pictures/mod.ts"), { shape } = observed;
  const [rows, columns] = shape.map((length) => Math.min(length, mostDrawn)), cells = matrix(rows, columns);
  const places = Uint32Array.from(cells.data.keys());
  cells.data.set(predict(places.map((at) => Math.floor(at / columns)), places.map((at) => at % columns)));
  observed.rows.forEach((row, e) => {
    if (row < rows && observed.columns[e] < columns) cells.data[row * columns + observed.columns[e]] = values[e];
  });
  const part = rows < shape[0] || columns < shape[1] ? `, the first ${rows} x ${columns}` : "";
  return drawHeatMap(cells, {
    title: `Observed and predicted entries${part}`,
    rows: rowNames.slice(0, rows),
    columns: columnNames.slice(0, columns),
    scale: "sequential",
  });
}
