import {
  type CompletedMatrix,
  completedMatrix,
  completeMatrix,
  completeMatrixOptions,
  matrix,
  observedEntries,
  parseTriples,
  serializeCsv,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { attempt, FileError, inputName, readInput } from "../files.ts";
import { formatDuration, formatNumber } from "../layout.ts";
import { underWatch } from "../solver_options.ts";
import { readTable, tableOptions } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

/** Entries that are written at most, where those to predict are not named. */
const mostWritten = 2_000_000;

/** Rows and columns that a heat map has at most. */
const mostDrawn = 200;

/** `minima complete`: the missing entries of a matrix. */
export const complete = command({
  name: "complete",
  summary: "predict the missing entries of a matrix of low rank",
  usage: "RATINGS [options]",
  details: `
RATINGS holds lines of a row, a column and a value, such as user, film and rating, by any names; or with --table a table
whose blanks are missing. A tenth of the entries is held out to say how far the smoothed rank is followed; for entries
without noise, --holdout 0 follows it to the end.

  minima complete ratings.tsv --predict pairs.tsv --out predictions.csv
  minima complete ratings.tsv --method soft-impute --picture errors.svg
  minima complete measurements.csv --table --out filled.csv --picture filled.svg --drawing matrix`,
  operands: [1, 1],
  options: {
    table: { kind: "flag", about: "RATINGS is a table with blanks, not lines of row, column, value" },
    predict: { kind: "input", value: "PAIRS", about: "rows and columns to predict, by the names in RATINGS" },
    ...tableOptions,
    out: { kind: "output", value: "FILE", about: "where to write the predictions, or the table filled, as CSV" },
    picture: { kind: "output", value: "FILE", about: "where to draw: .svg" },
    drawing: {
      kind: "text",
      value: "KIND",
      about: "what to draw: errors of the entries held out, singular values, or the matrix (default: errors)",
    },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [completeMatrixOptions] },
  async run(invocation) {
    const { options, settings, operands: [path], write, terminal, signal } = invocation;
    const { table: whole, picture, predict, drawing = "errors" } = options;
    if (picture !== undefined && !picture.endsWith(".svg")) {
      throw new UsageError(`Option --picture needs a file that ends in .svg, received ${picture}.`);
    }
    if (!["errors", "values", "matrix"].includes(drawing)) {
      throw new UsageError(`Option --drawing needs errors, values or matrix, received ${drawing}.`);
    }
    if (whole && predict !== undefined) {
      throw new UsageError("Option --predict is of ratings: with --table all blanks are predicted.");
    }
    const asked = { ...settings(completeMatrixOptions), ...underWatch(terminal, signal) };
    const given = whole ? await fromTable(invocation, path) : await fromTriples(path, predict, signal);
    const { observed, rowNames, columnNames } = given;
    const fit = await completeMatrix(observed, asked);
    terminal.progress.clear();
    signal.throwIfAborted();
    await write("out", () => given.content(fit));
    await write("picture", () => draw(drawing, fit, observed, rowNames, columnNames));
    const error = given.error?.(fit);
    if (options.json) terminal.print(JSON.stringify(jsonReport(fit, observed.values.length, error), null, 2));
    else printReport(terminal, fit, observed.values.length, error);
  },
});

interface Observed {
  readonly shape: readonly [number, number];
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array | Float64Array;
}

/** What is known, and what is written of the answer. */
interface Given {
  readonly observed: Observed;
  readonly rowNames: readonly string[];
  readonly columnNames: readonly string[];
  content(fit: CompletedMatrix): string;
  /** Root mean square error at the pairs that come with values. */
  error?(fit: CompletedMatrix): number | undefined;
}

/** A table whose blanks are missing; columns of words go beside it as they are. */
async function fromTable(invocation: Parameters<typeof readTable>[0], path: string): Promise<Given> {
  const { columns, matrix: table, text } = await readTable(invocation, path, { keepMissing: true, keepIndex: true });
  const [rows] = table.shape, first = [...text.values()][0];
  return {
    observed: observedEntries(table),
    rowNames: Array.from({ length: rows }, (_, i) => first?.[i] ?? String(i + 1)),
    columnNames: columns,
    content(fit) {
      const filled = completedMatrix(fit);
      // What was observed stays as it was.
      table.data.forEach((value, at) => !Number.isNaN(value) && (filled.data[at] = value));
      return serializeCsv({ columns, matrix: filled, text });
    },
  };
}

/** Lines of a row, a column and a value; and lines of what to predict, with or without values. */
async function fromTriples(path: string, predict: string | undefined, signal: AbortSignal): Promise<Given> {
  const bytes = await readInput(path, signal);
  const observed = await attempt(
    path,
    () => Promise.resolve(parseTriples(bytes, readingOf(new TextDecoder().decode(bytes)))),
  );
  const rowNames = [...observed.rowNames.keys()], columnNames = [...observed.columnNames.keys()];
  const pairs = predict === undefined ? undefined : await readPairs(predict, observed, signal);
  const places = () => pairs ?? missingPlaces(inputName(path), observed);
  return {
    observed,
    rowNames,
    columnNames,
    content(fit) {
      const { rows, columns } = places(), predicted = fit.predict(rows, columns);
      const text = new Map([
        ["row", Array.from(rows, (row) => rowNames[row])],
        ["column", Array.from(columns, (column) => columnNames[column])],
      ]);
      return serializeCsv({ columns: ["prediction"], matrix: matrix(rows.length, 1, predicted), text });
    },
    error(fit) {
      if (pairs?.values === undefined) return undefined;
      const { rows, columns, values } = pairs;
      const squares = fit.predict(rows, columns).reduce((sum, value, k) => sum + (value - values[k]) ** 2, 0);
      return Math.sqrt(squares / values.length);
    },
  };
}

interface Pairs {
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  /** Where the file has them. */
  readonly values?: Float64Array;
}

/** Pairs of names; a third cell is the value that a prediction is held against. */
async function readPairs(
  path: string,
  observed: Pick<ReturnType<typeof parseTriples>, "rowNames" | "columnNames">,
  signal: AbortSignal,
): Promise<Pairs> {
  const text = new TextDecoder().decode(await readInput(path, signal));
  const all = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const withValues = all.length > 0 && all.every((line) => cellsOf(line).length > 2);
  // Without values no cell tells a header; a first line of which neither name is known is one.
  const lines = all.length > 1 && namesColumns(all[0], observed) ? all.slice(1) : all;
  const source = withValues ? text : lines.map((line) => [...cellsOf(line).slice(0, 2), "0"].join("\t")).join("\n");
  const reading = withValues ? readingOf(text) : { header: false, delimiter: "\t" };
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

/** A picture of the answer. */
async function draw(
  drawing: string,
  fit: CompletedMatrix,
  observed: Observed,
  rowNames: readonly string[],
  columnNames: readonly string[],
): Promise<string> {
  const { drawCurves, drawHeatMap } = await import("../../pictures/mod.ts");
  const level = fit.method === "srf" ? "width" : "price of the nuclear norm";
  if (drawing === "matrix") {
    const [rows, columns] = fit.shape.map((length) => Math.min(length, mostDrawn));
    const cells = matrix(rows, columns);
    const places = Array.from(cells.data.keys());
    cells.data.set(fit.predict(places.map((at) => Math.floor(at / columns)), places.map((at) => at % columns)));
    observed.rows.forEach((row, e) => {
      if (row < rows && observed.columns[e] < columns) {
        cells.data[row * columns + observed.columns[e]] = observed.values[e];
      }
    });
    const part = rows < fit.shape[0] || columns < fit.shape[1] ? `, the first ${rows} x ${columns}` : "";
    return drawHeatMap(cells, {
      title: `Observed and predicted entries${part}`,
      rows: rowNames.slice(0, rows),
      columns: columnNames.slice(0, columns),
      scale: "sequential",
    });
  }
  const curve = fit.holdout;
  if (!curve) throw new UsageError(`Option --drawing ${drawing} is of entries held out, and none are.`);
  const x = { label: level, scale: "log" } as const, marked = curve.best < 0 ? undefined : curve.best;
  if (drawing === "errors") {
    return drawCurves([{ name: "root mean square error", x: curve.levels, y: curve.errors, marked }], {
      title: "Errors at the entries held out",
      x,
      y: { label: "root mean square error" },
    });
  }
  const count = Math.min(8, Math.max(1, ...curve.ranks));
  return drawCurves(
    Array.from({ length: count }, (_, k) => ({
      name: `singular value ${k + 1}`,
      x: curve.levels,
      y: curve.singularValues.map((values) => values[k] > 0 ? values[k] : NaN),
      ...(k === 0 && { marked }),
    })),
    { title: "Singular values as the width falls", x, y: { label: "singular value", scale: "log" } },
  );
}

function printReport(terminal: Terminal, fit: CompletedMatrix, count: number, error: number | undefined): void {
  const [rows, columns] = fit.shape, { holdout, method } = fit;
  terminal.facts([
    ["matrix", `${rows} x ${columns}, ${count} entries (${(100 * count / (rows * columns)).toPrecision(3)} %)`],
    ["rank", `${fit.rank}${fit.offsets ? ", beside a mean and offsets of rows and columns" : ""}`],
    method === "srf" ? ["width", formatNumber(fit.width!)] : ["lambda", formatNumber(fit.lambda!)],
    ["residual", formatNumber(fit.residual)],
    ...holdout
      ? [[
        "held out",
        `error ${formatNumber(holdout.error)}; without a part of low rank ${formatNumber(holdout.baseline)}`,
      ]] as const
      : [],
    ...error === undefined ? [] : [["predictions", `root mean square error ${formatNumber(error)}`]] as const,
    ["ran on", `${fit.plan.backend} (${fit.plan.reason}), ${formatDuration(fit.elapsedMs)}`],
  ]);
  for (const remark of fit.remarks) terminal.note(remark);
  if (fit.status !== "converged") terminal.note(`stopped at its ${fit.status.replace("-", " ")}`);
}

function jsonReport(fit: CompletedMatrix, entries: number, predictionError: number | undefined): unknown {
  const {
    shape,
    rank,
    method,
    width,
    lambda,
    offsets,
    residual,
    holdout,
    status,
    objective,
    remarks,
    elapsedMs,
    plan,
  } = fit;
  return {
    shape,
    entries,
    method,
    rank,
    width,
    lambda,
    offsets: offsets !== undefined,
    residual,
    singularValues: Array.from(fit.singularValues),
    ...(holdout && {
      holdout: {
        error: holdout.error,
        baseline: holdout.baseline,
        path: Array.from(holdout.levels, (level, k) => ({ level, error: holdout.errors[k], rank: holdout.ranks[k] })),
      },
    }),
    predictionError,
    status,
    objective,
    remarks,
    elapsedMs,
    plan,
  };
}
