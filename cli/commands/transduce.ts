import { type Matrix, matrix, serializeCsv, transduce, transduceOptions, type Transduction } from "../../mod.ts";
import { withNames } from "../../solvers/core/names.ts";
import { command, UsageError } from "../command.ts";
import { FileError } from "../files.ts";
import { formatDuration, formatNumber, table } from "../layout.ts";
import { knownNames } from "../names.ts";
import { underWatch } from "../solver_options.ts";
import { type NamedTable, readTable, tableOptions } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

/** `minima transduce`: missing labels of the rows of a table. */
export const transduceCommand = command({
  name: "transduce",
  summary: "predict missing labels of rows by features, both known in part",
  usage: "DATA --labels COLUMNS [options]",
  details: `
DATA is a table whose blanks (? in ARFF) are missing; --labels names its columns of labels, each with two values: 0 and 1, or -1
and 1. Features and labels are completed together by the smoothed rank function; a tenth of what is known is held out to
choose its width and to calibrate the probabilities.

  minima transduce songs.arff --labels amazed-suprised,happy-pleased --out labels.csv
  minima transduce cells.csv --labels A,B,C --method soft --json`,
  operands: [1, 1],
  options: {
    labels: { kind: "names", value: "COLUMNS", about: "the columns of labels, names between commas" },
    ...tableOptions,
    out: { kind: "output", value: "FILE", about: "where to write labels, scores and probabilities, as CSV" },
    picture: { kind: "output", value: "FILE", about: "where to draw the errors of the features held out: .svg" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [transduceOptions] },
  async run(invocation) {
    const { options, settings, operands: [path], write, terminal, signal } = invocation, { picture } = options;
    if (options.labels === undefined) {
      throw new UsageError("Option --labels is missing: which columns are to be predicted?");
    }
    if (picture !== undefined && !picture.endsWith(".svg")) {
      throw new UsageError(`Option --picture needs a file that ends in .svg, received ${picture}.`);
    }
    const read = await readTable(invocation, path, { others: { labels: options.labels }, keepMissing: true });
    const names = knownNames(read.path, options.labels, read.columns), { features, labels, lows } = split(read, names);
    const asked = { ...settings(transduceOptions), ...underWatch(terminal, signal) };
    const answer = await transduce({ features, labels }, asked);
    const others = read.columns.filter((name) => !names.includes(name));
    const remarks = answer.remarks.map((remark) => withNames(remark, { feature: others, label: names }));
    terminal.progress.clear();
    signal.throwIfAborted();
    await write("out", () => content(answer, names, lows, read.text));
    await write("picture", () => drawErrors(answer));
    const predicted = Array.from(labels.data).filter(Number.isNaN).length;
    if (options.json) {
      terminal.print(JSON.stringify(jsonReport({ ...answer, remarks }, names, lows, predicted), null, 2));
    } else printReport(terminal, { ...answer, remarks }, names, labels, predicted);
  },
});

/** Features, and labels as 1 and -1 with what stands for -1 in each column: 0 or -1. */
function split({ path, columns, matrix: all }: NamedTable, names: readonly string[]) {
  const [rows, width] = all.shape, places = names.map((name) => columns.indexOf(name));
  const others = columns.map((_, j) => j).filter((j) => !places.includes(j));
  if (rows === 0) throw new FileError(`${path}: no rows below the names of the columns.`);
  if (others.length === 0) throw new FileError(`${path}: every column is a label, and none is left as a feature.`);
  const part = (chosen: readonly number[]) => {
    const data = new Float64Array(rows * chosen.length);
    for (let i = 0; i < rows; i++) chosen.forEach((j, k) => data[i * chosen.length + k] = all.data[i * width + j]);
    return matrix(rows, chosen.length, data);
  };
  const labels = part(places), lows = names.map(() => 0);
  labels.data.forEach((value, at) => {
    const label = at % names.length;
    if (value === -1) lows[label] = -1;
    if (Number.isNaN(value) || value === 0 || value === 1 || value === -1) return;
    throw new FileError(
      `${path}: column "${names[label]}" has ${value} in row ${
        Math.floor(at / names.length) + 1
      }; a label is 0 or 1, or -1 or 1.`,
    );
  });
  labels.data.forEach((value, at) => {
    if (value === 0 && lows[at % names.length] === -1) {
      throw new FileError(`${path}: column "${names[at % names.length]}" has both 0 and -1; a label has two values.`);
    }
    labels.data[at] = value === 0 ? -1 : value;
  });
  return { features: part(others), labels, lows };
}

/** Labels as in the input, scores and probabilities, row by row beside the words of the table. */
function content(
  { labels, scores, probabilities }: Transduction,
  names: readonly string[],
  lows: readonly number[],
  text: NamedTable["text"],
): string {
  const [rows, count] = scores.shape,
    parts = [
      [names.map(String), (at: number) => labels[at] > 0 ? 1 : lows[at % count]],
      [names.map((name) => `${name} score`), (at: number) => scores.data[at]],
      ...probabilities
        ? [[names.map((name) => `${name} probability`), (at: number) => probabilities.data[at]] as const]
        : [],
    ] as const;
  const written = matrix(rows, parts.length * count);
  for (let i = 0; i < rows; i++) {
    parts.forEach(([, value], part) => {
      for (let l = 0; l < count; l++) written.data[(i * parts.length + part) * count + l] = value(i * count + l);
    });
  }
  return serializeCsv({ columns: parts.flatMap(([columns]) => [...columns]), matrix: written, text });
}

async function drawErrors({ holdout }: Transduction): Promise<string> {
  if (!holdout) throw new UsageError("Option --picture is of the search for a width, which was left out.");
  const { drawCurves } = await import("../../pictures/mod.ts");
  return drawCurves([{ name: "held-out features", x: holdout.shares, y: holdout.errors, marked: holdout.best }], {
    title: "Errors of held-out features by width",
    x: { label: "width, as a share of the largest singular value", scale: "log" },
    y: { label: "root mean square error, in deviations" },
  });
}

function jsonReport(
  { labels, scores, probabilities, holdout, ...answer }: Transduction,
  names: readonly string[],
  lows: readonly number[],
  predicted: number,
) {
  const { status, objective, width, rank, remarks, iterations, elapsedMs, plan } = answer, count = names.length;
  const rows = (values: Matrix) =>
    Array.from({ length: values.shape[0] }, (_, i) => Array.from(values.data.subarray(i * count, (i + 1) * count)));
  const found = matrix(
    scores.shape[0],
    count,
    Float64Array.from(labels, (label, at) => label > 0 ? 1 : lows[at % count]),
  );
  return {
    status,
    objective,
    labels: names,
    predicted,
    width,
    rank,
    found: rows(found),
    scores: rows(scores),
    ...probabilities && { probabilities: rows(probabilities) },
    ...holdout &&
      { holdout: { ...holdout, shares: Array.from(holdout.shares), errors: Array.from(holdout.errors) } },
    remarks,
    iterations,
    elapsedMs,
    plan,
  };
}

function printReport(
  terminal: Terminal,
  answer: Transduction,
  names: readonly string[],
  given: Matrix,
  predicted: number,
): void {
  const { labels, calibration, holdout, rank, remarks, plan, status, elapsedMs } = answer, { style } = terminal;
  const count = names.length, missing = names.map(() => 0), positive = names.map(() => 0);
  given.data.forEach((value, at) => {
    if (!Number.isNaN(value)) return;
    missing[at % count]++;
    if (labels[at] > 0) positive[at % count]++;
  });
  const [heading, ...lines] = table([
    ["label", "predicted", "of them 1"],
    ...names.map((name, l) => [name, String(missing[l]), String(positive[l])]),
  ]);
  terminal.print([style.dim(heading), ...lines, ""].join("\n"));
  terminal.facts([
    ["labels", `${predicted} predicted, ${given.data.length - predicted} known`],
    ["rank", String(rank)],
    ...holdout
      ? [["held out", `error ${formatNumber(holdout.errors[holdout.best])} deviations of a feature`]] as const
      : [],
    ...calibration ? [["probabilities", `calibrated by ${calibration.count} labels held out`]] as const : [],
    ["ran on", `${plan.backend} (${plan.reason}), ${formatDuration(elapsedMs)}`],
  ]);
  for (const remark of remarks) terminal.note(remark);
  if (status !== "converged") terminal.note(`stopped at its ${status.replace("-", " ")}`);
}
