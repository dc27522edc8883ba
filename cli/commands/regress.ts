import {
  crossValidateRegression,
  crossValidateRegressionOptions,
  matrix,
  predictRegression,
  type RegressionCrossValidation,
  type RegressionPathPoint,
  serializeCsv,
  sparseRegression,
  sparseRegressionOptions,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { writeWhole } from "../files.ts";
import { formatDuration, formatNumber, table } from "../layout.ts";
import { certificate } from "../certificate.ts";
import { underWatch } from "../solver_options.ts";
import { readTable, splitColumn, tableOptions } from "../tables.ts";
import { transformed, transformOption } from "../transforms.ts";
import type { Terminal } from "../terminal.ts";

/** `minima regress`: a column of a table by few of the others. */
export const regress = command({
  name: "regress",
  summary: "explain one column of a table by few of the others",
  usage: "DATA --target COLUMN [options]",
  details: `
Best-subset regression: minimises ||y - b0 - X b||^2 / 2 + lambda0 (nonzero coefficients) + lambda2 ||b||^2.
Without --lambda0 it is chosen by cross-validation along a path of models of growing size.

  minima regress prices.csv --target AAPL --ignore date --transform log-returns
  minima regress prices.csv --target AAPL --ignore date --max-support 10 --picture errors.svg
  minima regress cells.csv --target growth --lambda0 50 --lambda2 1 --big-m 20 --method exact`,
  operands: [1, 1],
  options: {
    target: { kind: "text", value: "COLUMN", about: "the column to explain" },
    ...tableOptions,
    ...transformOption,
    out: { kind: "text", value: "FILE", about: "where to write the coefficients, as CSV" },
    picture: { kind: "text", value: "FILE", about: "where to draw the cross-validation: .svg" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [sparseRegressionOptions, crossValidateRegressionOptions] },
  async run({ options, settings, refuseOthers, operands: [path], terminal, signal }) {
    const { target, out, picture } = options;
    const { lambda0, ...single } = settings(sparseRegressionOptions), watch = underWatch(terminal, signal);
    if (target === undefined) throw new UsageError("Option --target is missing: which column is to be explained?");
    if (picture !== undefined && !picture.endsWith(".svg")) {
      throw new UsageError(`Option --picture needs a file that ends in .svg, received ${picture}.`);
    }
    if (picture !== undefined && lambda0 !== undefined) {
      throw new UsageError("Option --picture draws the cross-validation, which --lambda0 leaves out.");
    }
    if (lambda0 === undefined) refuseOthers(crossValidateRegressionOptions, "without --lambda0");
    else refuseOthers(sparseRegressionOptions, "with --lambda0");
    const table = transformed(await readTable(path, options), options.transform);
    const { rest: { columns, matrix: X }, column: y } = splitColumn(path, table, target);
    const validation = lambda0 === undefined
      ? await crossValidateRegression(X, y, { ...settings(crossValidateRegressionOptions), ...watch })
      : undefined;
    const fit = validation?.fit ??
      { ...await sparseRegression(X, y, { ...single, lambda0: lambda0!, ...watch }), lambda0: lambda0! };
    terminal.progress.clear();
    signal.throwIfAborted();

    const names = ["(intercept)", ...Array.from(fit.support, (feature) => columns[feature])];
    const values = [fit.intercept, ...Array.from(fit.support, (feature) => fit.coefficients[feature])];
    const explained = 1 - sumOfSquares(predictRegression(fit, X).map((value, i) => y[i] - value)) / variation(y);
    const report = { target, columns, names, values, explained, fit, validation };
    if (out !== undefined) {
      const coefficients = matrix(values.length, 1, Float64Array.from(values));
      await writeWhole(
        out,
        serializeCsv({ columns: ["coefficient"], matrix: coefficients, text: new Map([["feature", names]]) }),
      );
    }
    if (picture !== undefined) await writeWhole(picture, await drawValidation(validation!, target));
    if (options.json) terminal.print(JSON.stringify(jsonReport(report), null, 2));
    else printReport(terminal, report);
  },
});

/** Errors along the path with their standard errors, the chosen model marked. */
async function drawValidation(
  { lambdas, meanSquaredErrors, standardErrors, best }: RegressionCrossValidation,
  target: string,
): Promise<string> {
  const { drawCurves } = await import("../../pictures/mod.ts");
  return drawCurves([{
    name: "mean squared error",
    x: lambdas,
    y: meanSquaredErrors,
    deviations: standardErrors,
    marked: best,
  }], {
    title: `Cross-validation of ${target}`,
    x: { label: "lambda0", scale: "log" },
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
  readonly fit: RegressionPathPoint;
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
        (explained * 100).toFixed(1)
      } % of the variance of ${target}`,
    ],
    ["lambda0", `${formatNumber(fit.lambda0)}${chosen ?? ""}`],
    ...certificate(fit),
    ["ran on", `${fit.plan.backend} (${fit.plan.reason}), ${formatDuration(fit.elapsedMs)}`],
  ]);
  if (fit.status !== "converged") {
    terminal.note(`stopped at its ${fit.status.replace("-", " ")}: a better fit may exist`);
  }
}

function jsonReport({ target, names, values, explained, fit, validation }: Report): unknown {
  const { lambda0, status, objective, lowerBound, gap, nodes, intercept, elapsedMs, plan } = fit;
  return {
    target,
    coefficients: Object.fromEntries(names.slice(1).map((name, i) => [name, values[i + 1]])),
    intercept,
    explained,
    lambda0,
    status,
    objective,
    lowerBound,
    gap,
    nodes,
    ...(validation && {
      path: Array.from(validation.lambdas, (value, i) => ({
        lambda0: value,
        meanSquaredError: validation.meanSquaredErrors[i],
        standardError: validation.standardErrors[i],
      })),
    }),
    elapsedMs,
    plan,
  };
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0);
}

function variation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return sumOfSquares(values.map((value) => value - mean));
}
