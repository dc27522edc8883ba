/** Tasks as they are solved: centred and scaled. @module */

import type { Matrix, Vector } from "../core/matrix.ts";
import { plainDot } from "../core/plain_sums.ts";
import { createPace, type Steps } from "../core/steps.ts";
import { type MultiTaskData, scaledRows, taskWork } from "./data.ts";

/** A task as it is solved. */
export interface ScaledTask {
  /** [samples, features] */
  readonly X: Float64Array;
  readonly samples: number;
  readonly y: Float64Array;
  /** `X^T y` */
  readonly linear: Float64Array;
  /** `||x_j||^2` */
  readonly squares: Float64Array;
  /** `||y||^2 / 2` */
  readonly nullLoss: number;
}

/** The tasks of a data set, centred and scaled. Tasks that share samples, weights and scale share what is made of them. */
export function* scaledTasks(data: MultiTaskData): Steps<ScaledTask[]> {
  const known = new Map<Matrix, { weights: Vector | undefined; taskWeight: number; rows: Float64Array }[]>();
  const scaled: ScaledTask[] = [], isDue = createPace();
  for (const task of data.prepared) {
    const { X, weights, taskWeight } = task, ofX = known.get(X) ?? [];
    const same = ofX.find((one) => one.weights === weights && one.taskWeight === taskWeight);
    const { X: rows, y } = scaledRows(data, task);
    if (!same) known.set(X, [...ofX, { weights, taskWeight, rows }]);
    scaled.push(scaledTask(same?.rows ?? rows, y, data.features));
    if (isDue(taskWork + 4 * rows.length)) yield;
  }
  return scaled;
}

function scaledTask(X: Float64Array, y: Float64Array, features: number): ScaledTask {
  const samples = y.length, linear = new Float64Array(features), squares = new Float64Array(features);
  for (let i = 0, at = 0; i < samples; i++) {
    for (let j = 0; j < features; j++, at++) {
      linear[j] += X[at] * y[i];
      squares[j] += X[at] * X[at];
    }
  }
  return { X, samples, y, linear, squares, nullLoss: plainDot(y, y) / 2 };
}

/** One task of the samples of all. */
export function pool(scaled: readonly ScaledTask[], features: number): ScaledTask[] {
  const samples = scaled.reduce((sum, task) => sum + task.samples, 0);
  const X = new Float64Array(samples * features), y = new Float64Array(samples);
  let from = 0;
  for (const task of scaled) {
    X.set(task.X, from * features);
    y.set(task.y, from);
    from += task.samples;
  }
  return [scaledTask(X, y, features)];
}
