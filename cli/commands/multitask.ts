import {
  crossValidateMultiTask,
  crossValidateMultiTaskOptions,
  matrix,
  type MultiTaskCrossValidation,
  type MultiTaskInput,
  serializeCsv,
  type SparseMultiTask,
  sparseMultiTask,
  type SparseMultiTaskOptions,
  sparseMultiTaskOptions,
} from "../../mod.ts";
import { withNames } from "../../solvers/core/names.ts";
import { certificate, noteOnLimit, statusOf } from "../certificate.ts";
import { command, UsageError } from "../command.ts";
import { FileError } from "../files.ts";
import { formatDuration, formatNumber, table } from "../layout.ts";
import { knownNames } from "../names.ts";
import { underWatch } from "../solver_options.ts";
import { readPrediction, type TaskPredictions } from "../task_prediction.ts";
import { type NamedTable, readTable, splitColumn, splitLabels, tableOptions } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

/** `minima multitask`: a column in each of several tasks by few of the others, which the tasks share. */
export const multitask = command({
  name: "multitask",
  summary: "explain one column in several tasks, by few columns that the tasks share",
  usage: "DATA... --target COLUMN [--task COLUMN] [options]",
  details: `
Sparse regressions of several tasks that share supports, values, or both: rows of one table by the value of --task,
several tables, each a task, or the columns of --target between commas, which then have all rows in common.
Without --support the penalties are chosen by cross-validation.

  minima multitask visits.csv --target severity --task patient --ignore date
  minima multitask north.csv south.csv --target yield --support 5 --support-sharing 0.1
  minima multitask cells.csv --target growth,decay --support 4 --common-support --heat-map supports.svg
  minima multitask visits.csv --target severity --task patient --leave-out tasks --picture errors.svg
  minima multitask visits.csv --target severity --task patient --predict new.csv --predictions predicted.csv
  minima multitask north.csv south.csv --target yield --predict west.csv --predict-as stacked --predictions yields.csv`,
  operands: [1, 1000],
  options: {
    target: { kind: "names", value: "COLUMNS", about: "the column to explain; several between commas are tasks" },
    task: { kind: "text", value: "COLUMN", about: "the task of each row" },
    ...tableOptions,
    weights: { kind: "text", value: "COLUMN", about: "the weight of each row" },
    "task-weights": { kind: "text", value: "NUMBERS", about: "the weight of each task, between commas" },
    predict: { kind: "input", value: "FILE", about: "a table of rows to predict, with the same columns" },
    "predict-as": {
      kind: "text",
      value: "TASK",
      about: "a task that predicts all those rows; average or stacked, of all tasks, for a new one",
    },
    predictions: { kind: "output", value: "FILE", about: "where to write the predictions, as CSV" },
    out: { kind: "output", value: "FILE", about: "where to write the coefficients, as CSV" },
    picture: { kind: "output", value: "FILE", about: "where to draw the cross-validation: .svg" },
    "heat-map": { kind: "output", value: "FILE", about: "where to draw the coefficients of all tasks: .svg" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [crossValidateMultiTaskOptions, sparseMultiTaskOptions] },
  async run(invocation) {
    const { options, settings, refuseOthers, write, terminal, signal } = invocation, { picture } = options;
    if (options.target === undefined) {
      throw new UsageError("Option --target is missing: which column is to be explained?");
    }
    for (const [name, file] of [["picture", picture], ["heat-map", options["heat-map"]]]) {
      if (file !== undefined && !file.endsWith(".svg")) {
        throw new UsageError(`Option --${name} needs a file that ends in .svg, received ${file}.`);
      }
    }
    for (const other of ["predictions", "predict-as"] as const) {
      if (options.predict === undefined && options[other] !== undefined) {
        throw new UsageError(`Option --${other} needs --predict: rows to predict.`);
      }
    }
    if (options.predict !== undefined && options.predictions === undefined) {
      throw new UsageError("Option --predict needs --predictions: where to write them.");
    }
    const single = settings(sparseMultiTaskOptions), validates = single.support === undefined;
    if (validates) refuseOthers(crossValidateMultiTaskOptions, "without --support");
    else {
      refuseOthers(sparseMultiTaskOptions, "with --support");
      if (picture !== undefined) {
        throw new UsageError("Option --picture is of the cross-validation, which --support leaves out.");
      }
    }
    const read = await readTasks(invocation), { target } = read;
    const prediction = options.predict === undefined ? undefined : await readPrediction(invocation, {
      path: options.predict,
      columns: read.columns,
      targets: read.Y ? read.names : [target],
      tasks: read.names,
      task: options.task,
      by: options["predict-as"],
    });
    const asked = {
      ...underWatch(terminal, signal),
      ...(options["task-weights"] !== undefined && { taskWeights: numbersOf(options["task-weights"]) }),
    };
    const shared = { ...asked, ...(read.weights && { weights: read.weights }) };
    const validating = { ...settings(crossValidateMultiTaskOptions), ...shared };
    const fitting: SparseMultiTaskOptions = { ...single, ...shared, support: single.support! };
    const validation = !validates
      ? undefined
      : read.Y
      ? await crossValidateMultiTask(read.X!, read.Y, validating)
      : await crossValidateMultiTask(read.tasks!, validating);
    const fit = validation?.fit ??
      (read.Y ? await sparseMultiTask(read.X!, read.Y, fitting) : await sparseMultiTask(read.tasks!, fitting));
    terminal.progress.clear();
    signal.throwIfAborted();

    const predictions = prediction?.(fit);
    const report: Report = { target, names: read.names, columns: read.columns, fit, validation, predictions };
    await write("predictions", () => predictions!.csv);
    await write("out", () => coefficientTable(report));
    await write("picture", async () => {
      const { drawTaskValidation } = await import("../../pictures/mod.ts");
      return drawTaskValidation(validation!.table, { best: validation!.best, target });
    });
    await write("heat-map", async () => {
      const { drawTaskCoefficients } = await import("../../pictures/mod.ts");
      return drawTaskCoefficients(fit.coefficients, { features: read.columns, tasks: read.names });
    });
    if (options.json) terminal.print(JSON.stringify(jsonReport(report), null, 2));
    else printReport(terminal, report);
  },
});

interface Read {
  /** What is explained. */
  readonly target: string;
  /** Of the features. */
  readonly columns: readonly string[];
  /** Of the tasks. */
  readonly names: readonly string[];
  readonly tasks?: readonly MultiTaskInput[];
  readonly X?: NamedTable["matrix"];
  readonly Y?: NamedTable["matrix"];
  readonly weights?: Float64Array;
}

/** The parts of an invocation that say what the tasks are. */
interface Asked {
  readonly options: { readonly target?: readonly string[]; readonly task?: string; readonly weights?: string };
  readonly operands: readonly string[];
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function readTasks(invocation: Asked): Promise<Read> {
  const { options: { target = [], task, weights }, operands: paths } = invocation;
  const needs = { targets: { target, weights }, labels: { task } };
  const tables: NamedTable[] = [];
  for (const path of paths) tables.push(await readTable(invocation, path, needs));
  const targets = knownNames(tables[0].path, target, tables[0].columns);
  if (targets.length === 1) return tasksOf(tables, targets[0], task, weights);
  if (task !== undefined || paths.length > 1) {
    throw new UsageError("Option --target takes several columns with one table and without --task alone.");
  }
  const whole = weighed(tables[0], weights);
  let { rest } = whole;
  const responses = targets.map((name) => {
    const split = splitColumn(rest, name);
    rest = split.rest;
    return split.column;
  });
  const rows = rest.matrix.shape[0], Y = matrix(rows, targets.length);
  responses.forEach((column, k) => column.forEach((value, i) => Y.data[i * targets.length + k] = value));
  const common = { target: targets.join(", "), columns: rest.columns, names: targets };
  return { ...common, X: rest.matrix, Y, weights: whole.weights };
}

/** Tasks by the words of a column, or one of each table. */
function tasksOf(tables: readonly NamedTable[], target: string, task?: string, weighing?: string): Read {
  const tasks: (MultiTaskInput & { readonly name: string })[] = [];
  let columns: readonly string[] | undefined;
  for (const table of tables) {
    const { rest: all, labels } = task === undefined ? { rest: table, labels: undefined } : splitLabels(table, task);
    const { rest: unweighed, weights } = weighed(all, weighing);
    const { rest, column: y } = splitColumn(unweighed, target);
    columns ??= rest.columns;
    const missing = columns.find((name) => !rest.columns.includes(name));
    if (missing !== undefined || rest.columns.length !== columns.length) {
      const odd = missing ?? rest.columns.find((name) => !columns!.includes(name));
      throw new FileError(
        `${table.path}: the tables of all tasks need the same columns, but "${odd}" is in some alone.`,
      );
    }
    const places = columns.map((name) => rest.columns.indexOf(name)), { data, shape: [rows, width] } = rest.matrix;
    const names = labels?.classes ?? [nameOf(table.path, tables.map(({ path }) => path))];
    names.forEach((name, code) => {
      const own = Array.from({ length: rows }, (_, i) => i).filter((i) => !labels || labels.codes[i] === code);
      const X = matrix(own.length, places.length);
      own.forEach((i, row) => places.forEach((j, at) => X.data[row * places.length + at] = data[i * width + j]));
      tasks.push({
        X,
        y: Float64Array.from(own, (i) => y[i]),
        name,
        ...(weights && { weights: Float64Array.from(own, (i) => weights[i]) }),
      });
    });
  }
  return { target, columns: columns!, names: tasks.map(({ name }) => name), tasks };
}

/** A table without the column of weights, and that column. */
function weighed(given: NamedTable, name?: string): { rest: NamedTable; weights?: Float64Array } {
  if (name === undefined) return { rest: given };
  const { rest, column } = splitColumn(given, name);
  return { rest, weights: column };
}

/** A table is called by its file, without folder and ending, where that says which. */
function nameOf(path: string, paths: readonly string[]): string {
  const short = (one: string) => one.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
  return paths.filter((other) => short(other) === short(path)).length > 1 ? path : short(path);
}

function numbersOf(text: string): number[] {
  return text.split(",").map((cell) => {
    if (cell.trim() === "" || Number.isNaN(Number(cell))) {
      throw new UsageError(`Option --task-weights needs numbers between commas, received ${cell}.`);
    }
    return Number(cell);
  });
}

interface Report {
  readonly target: string;
  readonly names: readonly string[];
  readonly columns: readonly string[];
  readonly fit: SparseMultiTask;
  readonly validation?: MultiTaskCrossValidation;
  readonly predictions?: TaskPredictions;
}

/** The features of any task, ascending. */
function usedBy({ fit }: Report): number[] {
  return [...new Set(fit.supports.flatMap((support) => Array.from(support)))].sort((a, b) => a - b);
}

function coefficientTable(report: Report): string {
  const { names, columns, fit } = report, used = usedBy(report), tasks = names.length;
  const rows = [Array.from(fit.intercepts), ...used.map((j) => rowOf(fit, j))];
  return serializeCsv({
    columns: [...names],
    matrix: matrix(rows.length, tasks, Float64Array.from(rows.flat())),
    text: new Map([["feature", ["(intercept)", ...used.map((j) => columns[j])]]]),
  });
}

function rowOf({ coefficients: { data, shape: [, tasks] } }: SparseMultiTask, feature: number): number[] {
  return Array.from(data.subarray(feature * tasks, (feature + 1) * tasks));
}

/** Tasks that are shown side by side. */
const mostShown = 8;

function printReport(terminal: Terminal, report: Report): void {
  const { target, names, columns, fit, validation, predictions } = report, { style } = terminal, used = usedBy(report);
  if (names.length <= mostShown) {
    const shown = (value: number) => value === 0 ? "" : formatNumber(value);
    const [heading, ...lines] = table([
      ["feature", ...names],
      ["(intercept)", ...Array.from(fit.intercepts, formatNumber)],
      ...used.map((j) => [columns[j], ...rowOf(fit, j).map(shown)]),
    ]);
    terminal.print([style.dim(heading), ...lines, ""].join("\n"));
  } else {
    const [heading, ...lines] = table([
      ["feature", "tasks", "least", "largest"],
      ...used.map((j) => {
        const own = rowOf(fit, j).filter((value) => value !== 0);
        return [columns[j], String(own.length), formatNumber(Math.min(...own)), formatNumber(Math.max(...own))];
      }),
    ]);
    terminal.print([style.dim(heading), ...lines, ""].join("\n"));
  }
  const chosen = validation?.table[validation.best];
  const most = Math.max(0, ...fit.supports.map((support) => support.length));
  terminal.facts([
    [
      "fit",
      `${target} in ${names.length} tasks by ${used.length} of ${columns.length} features, at most ${most} a task`,
    ],
    ...chosen
      ? [
        [
          "chosen",
          `support ${chosen.support}, ridge ${formatNumber(chosen.ridge)}, values shared ${
            formatNumber(chosen.valueSharing)
          }, supports shared ${formatNumber(chosen.supportSharing)}, among ${validation!.table.length}`,
        ],
        ["error", `${formatNumber(chosen.meanSquaredError)} +- ${formatNumber(chosen.standardError)}, mean squared`],
      ] as const
      : [],
    ...certificate(fit),
    ...predictions
      ? [[
        "predicted",
        `${predictions.rows} rows${
          predictions.error === undefined ? "" : `, root mean square error ${formatNumber(predictions.error)}`
        }`,
      ]] as const
      : [],
    ["ran on", `${fit.plan.backend} (${fit.plan.reason}), ${formatDuration((validation ?? fit).elapsedMs)}`],
  ]);
  for (const remark of fit.remarks) terminal.note(withNames(remark, { column: columns }));
  for (const note of noteOnLimit(fit, validation)) terminal.note(note);
}

function jsonReport({ target, names, columns, fit, validation, predictions }: Report): unknown {
  const { objective, lowerBound, gap, nodes, plan } = fit;
  return {
    target,
    tasks: names.map((name, k) => ({
      name,
      intercept: fit.intercepts[k],
      coefficients: Object.fromEntries(
        Array.from(fit.supports[k], (j) => [columns[j], fit.coefficients.data[j * names.length + k]]),
      ),
      meanSquaredError: fit.meanSquaredErrors[k],
    })),
    ...(fit.stacking && { stacking: { ...fit.stacking, weights: Array.from(fit.stacking.weights) } }),
    status: statusOf(fit, validation),
    objective,
    lowerBound,
    gap,
    nodes,
    remarks: fit.remarks.map((remark) => withNames(remark, { column: columns })),
    ...(validation && {
      best: validation.best,
      validation: validation.table.map((point) => ({ ...point, taskErrors: Array.from(point.taskErrors) })),
    }),
    ...(predictions && { predicted: { rows: predictions.rows, rootMeanSquareError: predictions.error } }),
    elapsedMs: (validation ?? fit).elapsedMs,
    plan,
  };
}
