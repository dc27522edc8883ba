/** From a caller's tasks to the problem that is solved: checked, weighted, centred, scaled. @module */

import { checkMagnitudes, type ColumnMoments, columnMoments, momentsInSteps, powerOfTwo } from "../core/columns.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import { refuseMisspelt } from "../core/kinds.ts";
import { denseSamples, type Matrix, matrix, type Samples, toVectorArgument, type VectorLike } from "../core/matrix.ts";
import type { Vector } from "../core/matrix.ts";
import { createPace, type Steps, whateverTheTime } from "../core/steps.ts";
import { counted } from "../core/shown.ts";

/** One task: its own samples and responses. */
export interface MultiTaskInput {
  /** Samples as rows [samples, features], dense or sparse; all tasks have the same features. */
  readonly X: Samples;
  /** One response a sample. */
  readonly y: VectorLike;
  /** Weight of each sample, >= 0. @default 1 each */
  readonly weights?: VectorLike;
  /** What the task is called. @default its number */
  readonly name?: string;
}

/** A task, checked. */
export interface TaskSamples {
  readonly X: Matrix;
  readonly y: Vector;
  /** One a row; none where all are 1. */
  readonly weights: Vector | undefined;
  readonly name: string;
}

/** All tasks, and where one `X` is that of all. */
export interface Tasks {
  readonly tasks: readonly TaskSamples[];
  readonly features: number;
  /** One `X` has many responses. */
  readonly shared: boolean;
}

/** A task as it is solved: `x -> root (x - mean - tail) / scale`, `y -> root (y - mean - tail) / responseScale`. */
export interface PreparedTask extends TaskSamples {
  /** Weight of the task's loss. */
  readonly taskWeight: number;
  /** Sum of the weights of the rows. */
  readonly totalWeight: number;
  readonly moments: ColumnMoments;
  readonly responseMean: number;
  readonly responseTail: number;
  /** Features that the task tells nothing of: their columns become exactly zero. */
  readonly isEmpty: Uint8Array;
  /** The response is constant. */
  readonly isConstant: boolean;
}

/** Data of a fit, and what is done to them. */
export interface MultiTaskData extends Tasks {
  readonly prepared: readonly PreparedTask[];
  /** One a feature, for all tasks; infinite for features that no task tells anything of. */
  readonly scales: Float64Array;
  /** A power of two, so that nothing is rounded. */
  readonly responseScale: number;
  readonly intercept: boolean;
}

/** Options that say what the data are. */
export interface DataOptions {
  readonly intercept: boolean;
  readonly standardize: boolean;
  readonly taskWeights?: Vector;
}

/** Operations that what is kept of a task costs, however small it is. */
export const taskWork = 1e4;

const action = "fit a multi-task regression";

/** Tasks as callers give them: a list, or one `X` and a column of `Y` each. */
export function checkTasks(given: readonly MultiTaskInput[] | Samples, Y?: Matrix, weights?: Vector): Tasks {
  if (Array.isArray(given)) {
    if (weights) {
      throw new OptionError(
        "weights",
        `Cannot use "weights": expected them in the tasks, which have samples of their own.`,
      );
    }
    return ownSamples(given);
  }
  return oneX(given as Samples, Y, weights);
}

function ownSamples(given: readonly MultiTaskInput[]): Tasks {
  if (given.length === 0) throw new ShapeError("tasks", `Cannot ${action}: "tasks" is empty, but needs one at least.`);
  const dense = new Map<Samples, Matrix>(), names = new Set<string>();
  const tasks = given.map((task, k): TaskSamples => {
    const label = `tasks[${k}]`;
    if (typeof task !== "object" || task === null) {
      throw new TypeError(`Cannot ${action}: "${label}" must be { X, y }.`);
    }
    refuseMisspelt(label, task, ["weights"], action);
    const X = dense.get(task.X) ?? denseSamples(task.X, action, `${label}.X`);
    dense.set(task.X, X);
    const y = toVectorArgument(`${label}.y`, task.y, action), name = task.name ?? String(k);
    checkSizes(X, y.length, `${label}.X`, `${label}.y`);
    if (names.has(name)) {
      throw new OptionError(
        `${label}.name`,
        `Cannot use "${label}.name": expected names that differ, received "${name}" twice.`,
      );
    }
    names.add(name);
    const weights = task.weights === undefined ? undefined : toVectorArgument(`${label}.weights`, task.weights, action);
    if (weights) checkWeights(`${label}.weights`, weights, y.length);
    return { X, y, weights, name };
  });
  const features = tasks[0].X.shape[1];
  tasks.forEach(({ X }, k) => {
    if (X.shape[1] === features) return;
    throw new ShapeError(
      `tasks[${k}].X`,
      `Cannot ${action}: task 0 has ${counted(features, "feature")}, but task ${k} has ${
        X.shape[1]
      }: all need the same.`,
    );
  });
  return { tasks, features, shared: false };
}

function oneX(given: Samples, Y: Matrix | undefined, weights: Vector | undefined): Tasks {
  const X = denseSamples(given, action);
  if (Y === undefined) throw new ShapeError("Y", `Cannot ${action}: one "X" needs "Y", a column a task.`);
  const responses = denseSamples(Y, action, "Y"), [samples, count] = responses.shape;
  checkSizes(X, samples, "X", "Y");
  if (count === 0) throw new ShapeError("Y", `Cannot ${action}: "Y" has no columns, but needs one a task.`);
  if (weights) checkWeights("weights", weights, samples);
  const tasks = Array.from({ length: count }, (_, k): TaskSamples => ({
    X,
    y: Float64Array.from({ length: samples }, (_, i) => responses.data[i * count + k]),
    weights,
    name: String(k),
  }));
  return { tasks, features: X.shape[1], shared: true };
}

function checkSizes(X: Matrix, responses: number, name: string, responseName: string): void {
  const [samples, features] = X.shape;
  if (samples === 0 || features === 0) {
    throw new ShapeError(
      name,
      `Cannot ${action}: "${name}" is ${samples} x ${features}, but needs a sample and a feature.`,
    );
  }
  if (responses === samples) return;
  throw new ShapeError(
    responseName,
    `Cannot ${action}: "${name}" has ${counted(samples, "sample")}, but "${responseName}" has ${responses}.`,
  );
}

function checkWeights(name: string, weights: Vector, samples: number): void {
  if (weights.length !== samples) {
    throw new OptionError(
      name,
      `Cannot use "${name}": expected ${counted(samples, "number")}, one a sample, received ${weights.length}.`,
    );
  }
  let sum = 0;
  for (const weight of weights) {
    if (!(weight >= 0 && weight <= 1e12)) {
      throw new OptionError(name, `Cannot use "${name}": expected numbers from 0 to 1e12, received ${weight}.`);
    }
    sum += weight;
  }
  if (!(sum > 0)) throw new OptionError(name, `Cannot use "${name}": expected one above 0, received none.`);
}

/**
 * Centres each task by itself and scales each feature by one factor in all tasks, so that a coefficient means the same
 * in each: the root of the mean of its variances in the tasks. In steps, to the end whatever the time.
 */
export function* prepareTasks(
  given: Tasks,
  { intercept, standardize, taskWeights }: DataOptions,
): Steps<MultiTaskData> {
  const { tasks, features } = given;
  if (taskWeights) {
    if (taskWeights.length !== tasks.length) {
      throw new OptionError(
        "taskWeights",
        `Cannot use "taskWeights": expected ${
          counted(tasks.length, "number")
        }, one a task, received ${taskWeights.length}.`,
      );
    }
    if (!taskWeights.some((weight) => weight > 0)) {
      throw new OptionError("taskWeights", `Cannot use "taskWeights": expected one above 0, received none.`);
    }
  }
  const known = new Map<Matrix, { weights: Vector | undefined; moments: ColumnMoments }>();
  const isDue = createPace(), prepared: PreparedTask[] = [];
  let magnitude = 0;
  for (const [k, task] of tasks.entries()) {
    const { X, y, weights } = task, before = known.get(X);
    const moments = before && before.weights === weights
      ? before.moments
      : yield* whateverTheTime(momentsInSteps(X, intercept, weights));
    if (moments !== before?.moments) {
      checkMagnitudes(given.shared ? "X" : `tasks[${k}].X`, X, moments.meanSquares, action);
      known.set(X, { weights, moments });
    }
    const column = matrix(y.length, 1, y),
      { means, tails, variances, meanSquares } = columnMoments(column, intercept, weights);
    checkMagnitudes(given.shared ? `Y[${k}]` : `tasks[${k}].y`, column, meanSquares, action);
    if (variances[0] > 0) {
      for (const value of y) magnitude = Math.max(magnitude, Math.abs(value - means[0] - tails[0]));
    }
    prepared.push({
      ...task,
      taskWeight: taskWeights ? taskWeights[k] : 1,
      totalWeight: weights ? Float64Array.from(weights).reduce((sum, weight) => sum + weight, 0) : y.length,
      moments,
      responseMean: means[0],
      responseTail: tails[0],
      isEmpty: Uint8Array.from(moments.variances, (variance) => variance === 0 ? 1 : 0),
      isConstant: variances[0] === 0,
    });
    if (isDue(taskWork + y.length + 2 * features)) yield;
  }
  const scales = Float64Array.from({ length: features }, (_, j) => {
    const variance = prepared.reduce((sum, { moments }) => sum + moments.variances[j], 0) / tasks.length;
    return variance === 0 ? Infinity : standardize ? Math.sqrt(variance) : 1;
  });
  return { ...given, prepared, scales, responseScale: magnitude > 0 ? powerOfTwo(magnitude) : 1, intercept };
}

/** The rows of a task as they are solved, [samples, features], and the responses: so that the loss is half their distance. */
export function scaledRows(
  { scales, responseScale }: MultiTaskData,
  task: PreparedTask,
): { X: Float64Array; y: Float64Array } {
  const { X: { data, shape: [samples, features] }, y, weights, moments: { means, tails }, isEmpty } = task;
  const scaled = new Float64Array(samples * features), response = new Float64Array(samples);
  const factors = scales.map((scale, j) => isEmpty[j] || scale === Infinity ? 0 : 1 / scale);
  for (let i = 0; i < samples; i++) {
    const from = i * features;
    // The root of the row's share of the loss; rows without any weight say nothing.
    const root = task.totalWeight > 0 ? Math.sqrt(task.taskWeight * (weights ? weights[i] : 1) / task.totalWeight) : 0;
    for (let j = 0; j < features; j++) scaled[from + j] = (data[from + j] - means[j] - tails[j]) * factors[j] * root;
    response[i] = task.isConstant ? 0 : (y[i] - task.responseMean - task.responseTail) / responseScale * root;
  }
  return { X: scaled, y: response };
}

/** The tasks with some of their rows each: what folds are made of. Tasks that share `X` and rows still share them. */
export function* withRows(
  { tasks, features, shared }: Tasks,
  rowsOf: (task: number) => readonly number[],
): Steps<Tasks> {
  const known = new Map<Matrix, { rows: readonly number[]; X: Matrix }>();
  const chosen: TaskSamples[] = [], isDue = createPace();
  for (const [k, { X, y, weights, name }] of tasks.entries()) {
    const rows = rowsOf(k), before = known.get(X);
    const part = before && before.rows === rows ? before.X : matrix(rows.length, features);
    if (part !== before?.X) {
      rows.forEach((row, i) => part.data.set(X.data.subarray(row * features, (row + 1) * features), i * features));
      known.set(X, { rows, X: part });
    }
    chosen.push({
      X: part,
      y: Float64Array.from(rows, (row) => y[row]),
      weights: weights && Float64Array.from(rows, (row) => weights[row]),
      name,
    });
    if (isDue(taskWork + rows.length * features)) yield;
  }
  return { tasks: chosen, features, shared };
}
