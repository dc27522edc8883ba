import {
  crossValidateMultiTask,
  crossValidateMultiTaskOptions,
  sparseMultiTask,
  type SparseMultiTaskOptions,
  sparseMultiTaskOptions,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { coefficientTable, jsonReport, printReport, type TaskReport } from "../multitask_report.ts";
import { readTasks } from "../multitask_tables.ts";
import { underWatch } from "../solver_options.ts";
import { tableOptions } from "../tables.ts";
import { readPrediction } from "../task_prediction.ts";

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
    const report: TaskReport = { target, names: read.names, columns: read.columns, fit, validation, predictions };
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

function numbersOf(text: string): number[] {
  return text.split(",").map((cell) => {
    if (cell.trim() === "" || Number.isNaN(Number(cell))) {
      throw new UsageError(`Option --task-weights needs numbers between commas, received ${cell}.`);
    }
    return Number(cell);
  });
}
