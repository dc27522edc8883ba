import { serializeCsv } from "../../../../formats/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import {
  crossValidateMultiTask,
  type MultiTaskCrossValidationOptions,
  type MultiTaskInput,
} from "../../../../solvers/multitask/mod.ts";
import { columnOf, completeRows, matrixOf, readTable, type TableContent, wordsOf } from "../../contents/table.ts";
import type { PanelSolver } from "../../solver.ts";
import { ranAs } from "../words.ts";
import { withNames } from "../../../../solvers/core/names.ts";
import type { MultiTaskAnswer } from "./answer.ts";
import { similarSites } from "./example.ts";

/** Chooses among the penalties of a grid. */
export const solver: PanelSolver<TableContent, MultiTaskAnswer, MultiTaskCrossValidationOptions> = {
  read: readTable,
  examples: { sites: similarSites },
  async solve(given, options, run) {
    const began = performance.now(), { data, settled } = completeRows(given);
    const { names, matrix: X } = matrixOf(data, "features"), y = columnOf(data, "target")!;
    const words = wordsOf(data, "task")!, weights = columnOf(data, "weights"), width = names.length;
    const tasks = [...new Set(words)].map((name): MultiTaskInput & { readonly name: string } => {
      const rows = Array.from(words.keys()).filter((i) => words[i] === name), own = matrix(rows.length, width);
      rows.forEach((i, row) => own.data.set(X.data.subarray(i * width, (i + 1) * width), row * width));
      return {
        X: own,
        y: Float64Array.from(rows, (i) => y[i]),
        name,
        ...(weights && { weights: Float64Array.from(rows, (i) => weights[i]) }),
      };
    });
    const { table, best, fit, status } = await crossValidateMultiTask(tasks, { ...options, ...run.watch() });
    const taskNames = tasks.map(({ name }) => name);
    run.show({
      target: data.roles.target[0],
      task: data.roles.task[0],
      names,
      tasks: taskNames,
      samples: y.length,
      settled,
      table: table.map(({ taskErrors: _, ...point }) => point),
      chosen: best,
      coefficients: fit.coefficients,
      intercepts: Array.from(fit.intercepts),
      leftTasksOut: options.leaveOut === "tasks",
      gap: fit.gap,
      status: status === "converged" ? fit.status : status,
      remarks: fit.remarks.map((remark) => withNames(remark, { column: names })),
      ran: ranAs(fit, performance.now() - began),
    });
    const values = matrix(1 + width, tasks.length);
    values.data.set(fit.intercepts);
    values.data.set(fit.coefficients.data, tasks.length);
    const text = new Map([["feature", ["(intercept)", ...names]]]);
    return [{ name: "coefficients.csv", content: serializeCsv({ columns: taskNames, matrix: values, text }) }];
  },
};
