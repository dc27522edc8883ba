/** What `minima multitask` tells of a fit. @module */

import { matrix, type MultiTaskCrossValidation, serializeCsv, type SparseMultiTask } from "../mod.ts";
import { withNames } from "../solvers/core/names.ts";
import { certificate, noteOnLimit, statusOf } from "./certificate.ts";
import { formatDuration, formatNumber, table } from "./layout.ts";
import type { TaskPredictions } from "./task_prediction.ts";
import type { Terminal } from "./terminal.ts";

/** A fit, and the names of what it is about. */
export interface TaskReport {
  readonly target: string;
  readonly names: readonly string[];
  readonly columns: readonly string[];
  readonly fit: SparseMultiTask;
  readonly validation?: MultiTaskCrossValidation;
  readonly predictions?: TaskPredictions;
}

/** The features of any task, ascending. */
function usedBy({ fit }: TaskReport): number[] {
  return [...new Set(fit.supports.flatMap((support) => Array.from(support)))].sort((a, b) => a - b);
}

/** The coefficients as CSV: a row a feature, a column a task. */
export function coefficientTable(report: TaskReport): string {
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

/** Prints it. */
export function printReport(terminal: Terminal, report: TaskReport): void {
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

/** The same for other programs. */
export function jsonReport({ target, names, columns, fit, validation, predictions }: TaskReport): unknown {
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
