import {
  type Matrix,
  matrix,
  type SamPath,
  samPath,
  samPathOptions,
  type SamPathPoint,
  type SamSpectrum,
  samSpectrum,
  samSpectrumOptions,
  serializeCsv,
} from "../../mod.ts";
import { columnMoments } from "../../solvers/core/columns.ts";
import { command, UsageError } from "../command.ts";
import { FileError } from "../files.ts";
import { formatNumber, table } from "../layout.ts";
import { underWatch } from "../solver_options.ts";
import { type NamedTable, readTable, splitColumn, tableOptions, withColumn } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

/** Steps among which the best is looked for, unless the command line says how many. */
const steps = 1_000_000;

/** `minima sam-path`: when to stop sharpness-aware steps on least squares. */
export const samPathCommand = command({
  name: "sam-path",
  summary: "bias, variance and risk of sharpness-aware steps on least squares, and when to stop",
  usage: "TABLE --target COLUMN [options]",
  details: `
Follows sharpness-aware steps (SAM) on the least squares of the column --target by the others, all of them at once from
one decomposition, and gradient descent with steps of the same length beside them: the step of least risk, and what
fits there. Columns are scaled to mean 0 and variance 1, and the target is centred. With --truth, the coefficients of
which a table was made, the risk is known; else it is estimated from the target and its noise (Mallows 1973).

  minima sam-path prices.csv --target AAPL --ignore date --rho 1 --picture risk.svg
  minima sam-path simulated.csv --target y --truth coefficients.csv --noise 0.5 --out stopped.csv`,
  operands: [1, 1],
  options: {
    target: { kind: "text", value: "COLUMN", about: "the column to fit, or a file of one column" },
    ...tableOptions,
    noise: {
      kind: "number",
      about: "standard deviation of the noise in the target (default: that of the least squares residuals)",
    },
    steps: { kind: "number", about: `most steps (default: ${steps})` },
    truth: { kind: "input", value: "FILE", about: "the true coefficients, one column, in the order of the table's" },
    out: { kind: "output", value: "FILE", about: "where to write the coefficients of the best step, as CSV" },
    picture: { kind: "output", value: "FILE", about: "where to draw bias, variance and risk by steps: .svg" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [samPathOptions, samSpectrumOptions], except: ["noise", "truth"] },
  async run(invocation) {
    const { options, settings, operands: [path], write, terminal, signal } = invocation;
    const { target, picture, steps: most = steps } = options;
    if (target === undefined) throw new UsageError("Option --target is missing: which column is to be fitted?");
    if (picture !== undefined && !picture.endsWith(".svg")) {
      throw new UsageError(`Option --picture needs a file that ends in .svg, received ${picture}.`);
    }
    if (!Number.isInteger(most) || most < 1 || most > 1e9) {
      throw new UsageError(`Cannot use --steps: expected a whole number from 1 to 1e9, received ${most}.`);
    }
    if (options.noise !== undefined && !(options.noise >= 0)) {
      throw new UsageError(`Cannot use --noise: expected a number >= 0, received ${options.noise}.`);
    }
    const read = await withColumn(invocation, await readTable(invocation, path, { targets: { target } }), target);
    const { rest, column } = splitColumn(read, target), scaled = standardized(rest, column);
    const truth = options.truth === undefined
      ? undefined
      : await readTruth(invocation, options.truth, rest, scaled.deviations);
    const watch = underWatch(terminal, signal), { rho, learningRate } = settings(samPathOptions);
    const spectrum = await samSpectrum(scaled.X, scaled.y, { ...settings(samSpectrumOptions), ...watch, truth });
    terminal.progress.clear();
    signal.throwIfAborted();
    const noise = options.noise ?? noiseOf(spectrum), sharp = samPath(spectrum, { rho, learningRate, noise });
    const descent = samPath(spectrum, { rho: 0, learningRate: sharp.learningRate, noise });
    const report = {
      spectrum,
      target,
      noise,
      most,
      paths: [follow("SAM", sharp, most), follow("descent", descent, most)],
    };
    await write("out", () => coefficientTable(rest, scaled, sharp.coefficients(report.paths[0].step)));
    await write("picture", () => drawRisk(report));
    if (options.json) terminal.print(JSON.stringify(jsonReport(report, options.noise === undefined), null, 2));
    else printReport(terminal, report, options.noise === undefined);
  },
});

interface Standardized {
  readonly X: Matrix;
  readonly y: Float64Array;
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  readonly mean: number;
}

/** Columns of mean 0 and variance 1; constant ones are 0. */
function standardized({ matrix: table }: NamedTable, column: Float64Array): Standardized {
  const [rows, columns] = table.shape, { means, tails, variances } = columnMoments(table, true);
  const deviations = variances.map((variance) => variance > 0 ? Math.sqrt(variance) : 1), X = matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = i * columns + j;
      X.data[at] = variances[j] > 0 ? (table.data[at] - means[j] - tails[j]) / deviations[j] : 0;
    }
  }
  const { means: [mean], tails: [tail] } = columnMoments(matrix(rows, 1, column), true);
  return { X, y: column.map((value) => value - mean - tail), means, deviations, mean };
}

/** The true coefficients of the scaled columns. */
async function readTruth(
  reader: Parameters<typeof readTable>[0],
  path: string,
  { columns }: NamedTable,
  deviations: Float64Array,
): Promise<Float64Array> {
  const { ignore: _, categories: __, ...options } = reader.options as { ignore?: unknown; categories?: unknown };
  const { matrix: { data, shape } } = await readTable({ ...reader, options }, path);
  if (shape[1] === 1 && shape[0] === columns.length) return deviations.map((deviation, j) => deviation * data[j]);
  throw new FileError(
    `${path}: ${shape.join(" x ")} numbers; one column of ${columns.length}, a coefficient for each column, is needed.`,
  );
}

/** The standard deviation of the residuals of least squares, by the degrees of freedom that are left. */
function noiseOf({ rows, eigenvalues, unexplained }: SamSpectrum): number {
  const left = rows - 1 - eigenvalues.length;
  if (left > 0) return Math.sqrt(Math.max(0, unexplained) * rows / left);
  throw new UsageError(
    `Option --noise is missing: ${eigenvalues.length} directions of ${rows} rows leave no residuals to estimate it from.`,
  );
}

/** A path, its best step, and what is there. */
interface Followed {
  readonly name: string;
  readonly path: SamPath;
  readonly step: number;
  readonly best: SamPathPoint;
}

function follow(name: string, path: SamPath, most: number): Followed {
  const { largestLearningRate, learningRate } = path;
  if (!(learningRate < largestLearningRate)) {
    throw new UsageError(
      `Cannot use --learning-rate: steps converge below ${
        formatNumber(largestLearningRate)
      }, received ${learningRate}.`,
    );
  }
  const step = path.bestStep(most);
  return { name, path, step, best: path.at(step) };
}

interface Report {
  readonly spectrum: SamSpectrum;
  readonly target: string;
  readonly noise: number;
  readonly most: number;
  readonly paths: readonly Followed[];
}

/** The known risk, or the estimated one. */
const riskOf = ({ risk, estimatedRisk }: SamPathPoint) => risk ?? estimatedRisk;

/** Steps that are told and drawn: so many a decade, to well beyond the best ones. */
function shownSteps({ paths, most }: Report): number[] {
  const last = Math.min(most, Math.max(100, 10 * Math.max(...paths.map(({ step }) => step)))), count = 120;
  const spaced = Array.from({ length: count }, (_, i) => Math.round(last ** (i / (count - 1))));
  return [...new Set([...spaced, ...paths.map(({ step }) => Math.max(1, step))])].sort((a, b) => a - b);
}

async function drawRisk(report: Report): Promise<string> {
  const { drawRiskPaths } = await import("../../pictures/mod.ts"), shown = shownSteps(report);
  const paths = report.paths.map(({ name, path, step }) => {
    const points = shown.map((step) => path.at(step));
    return {
      name,
      steps: shown,
      ...report.spectrum.signal && { bias2: points.map(({ bias2 }) => bias2!) },
      variance: points.map(({ variance }) => variance),
      risk: points.map(riskOf),
      marked: shown.indexOf(Math.max(1, step)),
    };
  });
  return drawRiskPaths(paths, { title: `Risk of ${report.target} by steps` });
}

function coefficientTable(
  { columns }: NamedTable,
  { means, deviations, mean }: Standardized,
  scaled: Float64Array,
): string {
  const own = scaled.map((value, j) => value / deviations[j]);
  const intercept = own.reduce((sum, value, j) => sum - value * means[j], mean);
  const values = Float64Array.of(intercept, ...own);
  const text = new Map([["feature", ["(intercept)", ...columns]]]);
  return serializeCsv({ columns: ["coefficient"], matrix: matrix(values.length, 1, values), text });
}

function printReport(terminal: Terminal, report: Report, estimated: boolean): void {
  const { spectrum: { rows, eigenvalues, signal, plan }, target, noise, most, paths } = report, { style } = terminal;
  const [{ path }] = paths, known = signal !== undefined;
  const [heading, ...lines] = table([
    [
      "path",
      "best step",
      known ? "risk" : "estimated risk",
      ...known ? ["squared bias"] : [],
      "variance",
      "loss",
      "df",
    ],
    ...paths.map(({ name, step, best }) => [
      name,
      String(step),
      formatNumber(riskOf(best)),
      ...known ? [formatNumber(best.bias2!)] : [],
      formatNumber(best.variance),
      formatNumber(best.loss),
      formatNumber(best.degreesOfFreedom),
    ]),
  ]);
  terminal.print([style.dim(heading), ...lines, ""].join("\n"));
  terminal.facts([
    ["fit", `${target}, ${rows} rows, ${eigenvalues.length} directions`],
    ["rho", formatNumber(path.rho)],
    ["steps", `of ${formatNumber(path.learningRate)}; they converge below ${formatNumber(path.largestLearningRate)}`],
    ["noise", `${formatNumber(noise)}${estimated ? ", from the residuals of least squares" : ""}`],
    ["ran on", `${plan.backend} (${plan.reason})`],
  ]);
  if (paths.some(({ step }) => step === most)) terminal.note(`the risk still falls after ${most} steps: see --steps`);
  terminal.note("a step of SAM takes two gradients, one of descent takes one");
}

function jsonReport(report: Report, estimated: boolean): unknown {
  const { spectrum: { rows, eigenvalues, plan }, target, noise, paths } = report, shown = shownSteps(report);
  return {
    target,
    rows,
    eigenvalues: Array.from(eigenvalues),
    noise,
    noiseEstimated: estimated,
    paths: paths.map(({ name, path, step, best }) => ({
      name,
      rho: path.rho,
      learningRate: path.learningRate,
      largestLearningRate: path.largestLearningRate,
      bestStep: step,
      best,
      steps: shown.map((step) => ({ step, ...path.at(step) })),
    })),
    plan,
  };
}
