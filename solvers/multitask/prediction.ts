/** Predictions of multi-task regressions. @module */

import { checkParts } from "../core/kinds.ts";
import { counted, shown } from "../core/shown.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import { denseSamples, type Samples } from "../core/matrix.ts";
import { nearestName } from "../core/names.ts";
import type { SparseMultiTask } from "./answer.ts";

/** What predictions need of a fit. */
export type MultiTaskModel = Pick<SparseMultiTask, "coefficients" | "intercepts" | "taskNames" | "stacking">;

/**
 * Responses that a fit predicts, one a row of `X`.
 *
 * @param task Number or name of a task; or of a new one, `"average"`, the mean of what all tasks predict, or `"stacked"`,
 * their combination without negative weights that fits all samples best.
 * @throws {ShapeError} when `X` has another number of features than the fit
 * @throws {OptionError} for a task that the fit does not know
 *
 * @example
 * ```ts
 * import { fromRows, matrix, predictMultiTask } from "@minima/minima";
 * const fit = {
 *   coefficients: matrix(1, 2, new Float64Array([2, 4])),
 *   intercepts: new Float64Array([0, 1]),
 *   taskNames: ["a", "b"],
 * };
 * const X = fromRows([[3]]);
 * if (predictMultiTask(fit, X, "b")[0] !== 13 || predictMultiTask(fit, X, "average")[0] !== 9.5) throw new Error("4 x 3 + 1");
 * ```
 */
export function predictMultiTask(fit: MultiTaskModel, X: Samples, task: number | string): Float64Array {
  const parts = { coefficients: "matrix", intercepts: "numbers", taskNames: "list", stacking: "object?" } as const;
  checkParts("fit", fit, parts, "predict");
  const { coefficients, intercepts, stacking } = fit, [features, tasks] = coefficients.shape;
  const { data, shape: [rows, columns] } = denseSamples(X, "predict");
  if (columns !== features) {
    throw new ShapeError("X", `Cannot predict: "X" has ${counted(columns, "feature")}, but the fit has ${features}.`);
  }
  const combined = new Float64Array(features);
  let intercept = 0;
  const add = (k: number, weight: number) => {
    for (let j = 0; j < features; j++) combined[j] += weight * coefficients.data[j * tasks + k];
    intercept += weight * intercepts[k];
  };
  if (task === "average") { for (let k = 0; k < tasks; k++) add(k, 1 / tasks); }
  else if (task === "stacked") {
    if (!stacking) {
      throw new OptionError(
        "task",
        'Cannot predict: expected a "task" or "average", received "stacked", which needs a fit with "stacking": of up to 250 tasks with samples of their own, in time.',
      );
    }
    stacking.weights.forEach((weight, k) => add(k, weight));
    intercept += stacking.intercept;
  } else add(numberOf(fit.taskNames, task), 1);
  const used: number[] = [], predicted = new Float64Array(rows);
  for (let j = 0; j < features; j++) if (combined[j] !== 0) used.push(j);
  for (let i = 0; i < rows; i++) {
    let value = intercept;
    for (const j of used) value += data[i * features + j] * combined[j];
    predicted[i] = value;
  }
  return predicted;
}

function numberOf(names: readonly string[], task: number | string): number {
  if (typeof task === "number") {
    if (Number.isInteger(task) && task >= 0 && task < names.length) return task;
    throw new OptionError("task", `Cannot predict: expected a "task" from 0 to ${names.length - 1}, received ${task}.`);
  }
  if (typeof task !== "string") {
    throw new OptionError("task", `Cannot predict: expected the number or name of a "task", received ${shown(task)}.`);
  }
  const at = names.indexOf(task);
  if (at >= 0) return at;
  const nearest = nearestName(task, [...names, "average", "stacked"]);
  const known = nearest === undefined ? `known are ${names.slice(0, 10).join(", ")}` : `the nearest is "${nearest}"`;
  throw new OptionError("task", `Cannot predict: the fit has no "task" ${shown(task)}; ${known}.`);
}
