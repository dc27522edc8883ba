import {
  crossValidateRegression,
  crossValidateRegressionOptions,
  matrix,
  predictRegression,
  type RegressionCrossValidation,
  serializeCsv,
  type SparseRegression,
  sparseRegression,
  sparseRegressionOptions,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { formatDuration, formatNumber, table } from "../layout.ts";
import { withNames } from "../../solvers/core/names.ts";
import { FileError } from "../files.ts";
import { certificate, noteOnLimit, statusOf } from "../certificate.ts";
import { knownNames } from "../names.ts";
import { underWatch } from "../solver_options.ts";
import { type NamedTable, readTable, splitColumn, splitLabels, tableOptions, withColumn } from "../tables.ts";
import { transformed, transformOption } from "../transforms.ts";
import type { Terminal } from "../terminal.ts";

/** `minima regress`: a column of a table by few of the others. */
export const regress = command({
  name: "regress",
  summary: "explain one column of a table by few of the others",
  usage: "DATA --target COLUMN [options]",
  details: `
Best-subset regression: minimises ||y - b0 - X b||^2 / 2 + lambda0 (nonzero coefficients) + lambda2 ||b||^2.
Without --lambda0 and --size the price is chosen by cross-validation along a path of models of growing size.

  minima regress prices.csv --target AAPL --ignore date --transform log-returns
  minima regress prices.csv --target AAPL --ignore date --max-support 10 --picture errors.svg
  minima regress cells.csv --target growth --lambda0 50 --lambda2 1 --big-m 20 --method exact
  minima regress cells.csv --target growth --size 5 --always dose --lower 0 --weights cells`,
  operands: [1, 1],
  options: {
    target: { kind: "text", value: "COLUMN", about: "the column to explain, or a file of one column" },
    ...tableOptions,
    ...transformOption,
    always: { kind: "names", value: "COLUMNS", about: "features that are always in the model, names between commas" },
    weights: { kind: "text", value: "COLUMN", about: "the weight of each row: one of weight 2 counts as two rows" },
    groups: { kind: "text", value: "COLUMN", about: "the group of each row: those of a group stay in one fold" },
    "fold-of": { kind: "text", value: "COLUMN", about: "the fold of each row, instead of folds that are drawn" },
    out: { kind: "output", value: "FILE", about: "where to write the coefficients, as CSV" },
    picture: { kind: "output", value: "FILE", about: "where to draw the cross-validation: .svg" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [crossValidateRegressionOptions, sparseRegressionOptions] },
  async run(invocation) {
    const { options, settings, refuseOthers, operands: [path], write, terminal, signal } = invocation;
    const { target, picture, groups, weights: weighing, "fold-of": folds } = options;
    const single = settings(sparseRegressionOptions), { lambda0, size } = single, watch = underWatch(terminal, signal);
    if (target === undefined) throw new UsageError("Option --target is missing: which column is to be explained?");
    if (picture !== undefined && !picture.endsWith(".svg")) {
      throw new UsageError(`Option --picture needs a file that ends in .svg, received ${picture}.`);
    }
    const chosen = lambda0 !== undefined ? "--lambda0" : size !== undefined ? "--size" : undefined;
    if (chosen !== undefined) {
      for (const option of ["picture", "groups", "fold-of"] as const) {
        if (options[option] === undefined) continue;
        throw new UsageError(`Option --${option} is of the cross-validation, which ${chosen} leaves out.`);
      }
    }
    if (chosen === undefined) refuseOthers(crossValidateRegressionOptions, "without --lambda0 and --size");
    else refuseOthers(sparseRegressionOptions, `with ${chosen}`);
    const needs = {
      targets: { target, weights: weighing },
      labels: { groups, "fold-of": folds },
      features: { always: options.always },
    };
    const { rest: measured, weights, ...division } = splitRoles(await readTable(invocation, path, needs), options);
    const table = transformed(await withColumn(invocation, measured, target), options.transform);
    const { rest: { columns, matrix: X }, column: y } = splitColumn(table, target);
    const always = options.always && knownNames(table.path, options.always, columns);
    const asked = { ...watch, weights, always: always?.map((name) => columns.indexOf(name)) };
    const validation = chosen === undefined
      ? await crossValidateRegression(X, y, { ...settings(crossValidateRegressionOptions), ...division, ...asked })
      : undefined;
    const fit = validation?.fit ?? { ...await sparseRegression(X, y, { ...single, ...asked }), lambda0 };
    terminal.progress.clear();
    signal.throwIfAborted();

    const names = ["(intercept)", ...Array.from(fit.support, (feature) => columns[feature])];
    const values = [fit.intercept, ...Array.from(fit.support, (feature) => fit.coefficients[feature])];
    const explained = shareExplained(y, predictRegression(fit, X), weights);
    const report = { target, columns, names, values, explained, fit, validation };
    await write("out", () => {
      const coefficients = matrix(values.length, 1, Float64Array.from(values));
      return serializeCsv({ columns: ["coefficient"], matrix: coefficients, text: new Map([["feature", names]]) });
    });
    await write("picture", () => drawValidation(validation!, target));
    if (options.json) terminal.print(JSON.stringify(jsonReport(report), null, 2));
    else printReport(terminal, report);
  },
});

/** The columns that say something of the rows, and what is left. */
function splitRoles(
  table: NamedTable,
  { weights, groups, "fold-of": folds, transform }: {
    readonly [name in "weights" | "groups" | "fold-of" | "transform"]?: string;
  },
): { rest: NamedTable; weights?: Float64Array; groups?: number[]; foldOf?: number[] } {
  // A return belongs to the later of its two rows.
  const first = transform === "log-returns" ? 1 : 0;
  const weighed = weights === undefined ? undefined : splitColumn(table, weights);
  const labelsOf = (name: string | undefined) =>
    name === undefined ? undefined : Array.from(splitLabels(table, name).labels.codes).slice(first);
  return {
    rest: { ...weighed?.rest ?? table, text: new Map() },
    weights: weighed?.column.slice(first),
    groups: labelsOf(groups),
    foldOf: labelsOf(folds),
  };
}

/** Errors along the path with their standard errors, the chosen model marked. */
async function drawValidation(
  { lambdas, meanSquaredErrors, standardErrors, best }: RegressionCrossValidation,
  target: string,
): Promise<string> {
  if (!meanSquaredErrors.some(Number.isFinite)) {
    throw new FileError("There is nothing to draw: no fold was fitted before the time was up.");
  }
  const { drawCurves } = await import("../../pictures/mod.ts");
  return drawCurves([{
    name: "mean squared error",
    x: lambdas,
    y: meanSquaredErrors,
    deviations: standardErrors,
    marked: best,
  }], {
    title: `Cross-validation of ${target}`,
    x: { label: "lambda0", scale: lambdas.some((value) => value > 0) ? "log" : "linear" },
    y: { label: "mean squared error, with standard errors" },
  });
}

interface Report {
  readonly target: string;
  readonly columns: readonly string[];
  readonly names: readonly string[];
  readonly values: readonly number[];
  /** Share of the variance that the fit explains. */
  readonly explained: number;
  readonly fit: SparseRegression & { readonly lambda0?: number };
  readonly validation?: RegressionCrossValidation;
}

function printReport(terminal: Terminal, { target, columns, names, values, explained, fit, validation }: Report): void {
  const { style } = terminal;
  const [heading, ...lines] = table([
    ["feature", "coefficient"],
    ...names.map((name, i) => [name, formatNumber(values[i])]),
  ]);
  terminal.print([style.dim(heading), ...lines, ""].join("\n"));
  const chosen = validation && `, chosen among ${validation.lambdas.length} by cross-validation: mean squared error ` +
      `${formatNumber(validation.meanSquaredErrors[validation.best])} +- ` +
      formatNumber(validation.standardErrors[validation.best]);
  terminal.facts([
    [
      "fit",
      `${fit.support.length} of ${columns.length} features explain ${
        (explained * 100).toFixed(1).replace(/^-0\.0$/, "0.0")
      } % of the variance of ${target}`,
    ],
    ...fit.lambda0 === undefined ? [] : [["lambda0", `${formatNumber(fit.lambda0)}${chosen ?? ""}`]] as const,
    ...validation && validation.lambda2s.length > 1
      ? [["lambda2", `${formatNumber(validation.lambda2)}, chosen among ${validation.lambda2s.length}`]] as const
      : [],
    ...certificate(fit),
    ["ran on", `${fit.plan.backend} (${fit.plan.reason}), ${formatDuration((validation ?? fit).elapsedMs)}`],
  ]);
  for (const remark of fit.remarks) terminal.note(withNames(remark, { column: columns }));
  for (const note of noteOnLimit(fit, validation)) terminal.note(note);
}

function jsonReport({ target, columns, names, values, explained, fit, validation }: Report): unknown {
  const { lambda0, objective, lowerBound, gap, nodes, intercept, plan } = fit;
  return {
    target,
    coefficients: Object.fromEntries(names.slice(1).map((name, i) => [name, values[i + 1]])),
    intercept,
    explained,
    lambda0,
    status: statusOf(fit, validation),
    objective,
    lowerBound,
    gap,
    nodes,
    remarks: fit.remarks.map((remark) => withNames(remark, { column: columns })),
    ...(validation && {
      lambda2: validation.lambda2,
      path: Array.from(validation.lambdas, (value, i) => ({
        lambda0: value,
        meanSquaredError: validation.meanSquaredErrors[i],
        standardError: validation.standardErrors[i],
      })),
    }),
    elapsedMs: (validation ?? fit).elapsedMs,
    plan,
  };
}

/** Share of the weighted variation about the mean that predictions explain; 0 of a constant, which has none. */
function shareExplained(y: Float64Array, predicted: Float64Array, weights?: Float64Array): number {
  const sum = (values: Float64Array) =>
    values.reduce((total, value, i) => total + (weights ? weights[i] : 1) * value, 0);
  const mean = sum(y) / sum(y.map(() => 1)), whole = sum(y.map((value) => (value - mean) ** 2));
  return whole > 0 ? 1 - sum(y.map((value, i) => (value - predicted[i]) ** 2)) / whole : 0;
}
