/** The choice among the models of paths. @module */

import { type Matrix, matrix, type SparseMatrix, type Vector, type VectorLike } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { OptionError } from "../core/errors.ts";
import { inSteps } from "../core/steps.ts";
import { checkData } from "./data.ts";
import { drawFolds } from "../l0/folds.ts";
import {
  crossValidateRegressionOptions,
  type OpenCrossValidationOptions,
  type RegressionCrossValidationOptions,
} from "./options.ts";
import { followPath, type RegressionPathPoint } from "./path.ts";
import { squaredError } from "./selection.ts";

/** Mean squared errors along a path. */
export interface RegressionCrossValidation {
  /** The grid, descending: that of the path on all data. */
  readonly lambdas: Float64Array;
  /** Mean squared error of prediction, by `lambda0`; infinite where the time was up before all folds were fitted. */
  readonly meanSquaredErrors: Float64Array;
  /** Standard error of that mean over the folds. */
  readonly standardErrors: Float64Array;
  /** Index of the chosen point. */
  readonly best: number;
  /** The chosen point, fitted to all data; the empty model may be it. */
  readonly fit: RegressionPathPoint;
  /** The chosen ridge penalty, to which all of the above belongs. */
  readonly lambda2: number;
  /** The ridge penalties that were compared. */
  readonly lambda2s: Float64Array;
  /** Least mean squared error at each of them. */
  readonly lambda2Errors: Float64Array;
  /** `time-limit` where the time was up before all was fitted. */
  readonly status: Status;
}

type Options = Resolved<RegressionCrossValidationOptions, OpenCrossValidationOptions>;

/**
 * Cross-validation of a whole path: every fold is fitted along the grid of the path on all data. The loss is a sum over
 * samples, so that `lambda0` and `lambda2` are scaled by the share of the samples (of their weights) that a fold is fitted
 * to; `bigM` and the bounds are not. Time limit, progress and abort are those of the whole call.
 *
 * @param X Samples as rows [samples, features], dense or sparse.
 * @param response One response a sample.
 * @throws as {@linkcode sparseRegressionPath} does, and {@linkcode OptionError} for folds that the samples do not have
 *
 * @example
 * ```ts
 * import { crossValidateRegression, fromRows } from "@minima/minima";
 * const X = fromRows([[1, 0], [0, 1], [2, 1], [3, 0], [4, 1], [5, 0]]);
 * const { fit } = await crossValidateRegression(X, [2, 0.1, 4.1, 5.9, 8, 10], { folds: 3 });
 * if (fit.support.join() !== "0") throw new Error("y is twice the first feature");
 * ```
 */
export async function crossValidateRegression(
  X: Matrix | SparseMatrix,
  response: VectorLike,
  options: RegressionCrossValidationOptions = {},
): Promise<RegressionCrossValidation> {
  const resolved = resolveOptions(crossValidateRegressionOptions, options, "cross-validation");
  const run = startRun(resolved);
  const data = await inSteps(
    checkData(X, response),
    () => run.checkpoint({ stage: "load", fraction: 0, iteration: 0 }),
  );
  const folds = drawFolds(data.X.shape[0], resolved);
  const ridges = typeof resolved.lambda2 === "number" ? [resolved.lambda2] : Array.from(resolved.lambda2);
  if (ridges.length === 0) {
    throw new OptionError("lambda2", `Cannot use "lambda2": expected a number, or one at least, received [].`);
  }
  const found: Omit<RegressionCrossValidation, "lambda2s" | "lambda2Errors" | "status">[] = [];
  let timeIsUp = false;
  for (const lambda2 of ridges) {
    // Every path, of all data and of each fold, has an equal share of the work and of the time.
    const before = found.length * (folds.length + 1), paths = ridges.length * (folds.length + 1);
    const part = (path: number) => partOf(run, before + path, paths, resolved.timeLimitMs);
    const isOver = (path: number) =>
      run.checkpoint({ stage: "cross-validation", fraction: (before + path) / paths, iteration: 0 });
    if (found.length > 0 && await isOver(0)) {
      timeIsUp = true;
      break;
    }
    const one = await validate(data, { ...resolved, lambda2 }, folds, part, isOver);
    timeIsUp ||= one.timeIsUp;
    found.push(one);
  }
  // Nothing is known of the ridges that the time did not reach.
  const errors = Float64Array.from(ridges, (_, k) => found[k]?.meanSquaredErrors[found[k].best] ?? Infinity);
  const { lambdas, meanSquaredErrors, standardErrors, best, fit, lambda2 } = found[indexOfLeast(errors)];
  return {
    lambdas,
    meanSquaredErrors,
    standardErrors,
    best,
    fit,
    lambda2,
    lambda2s: Float64Array.from(ridges),
    lambda2Errors: errors,
    status: timeIsUp ? "time-limit" : "converged",
  };
}

/** A part of a run: its progress is a part of the whole, and it must leave time to those after it. */
function partOf(run: Run, part: number, parts: number, timeLimitMs: number): Run {
  const share = (fraction: number) => (part + fraction) / parts;
  return {
    elapsedMs: run.elapsedMs,
    async checkpoint(state) {
      const timeIsUp = await run.checkpoint({ ...state, fraction: share(state.fraction) });
      return timeIsUp || run.elapsedMs() >= timeLimitMs * share(1);
    },
  };
}

interface Data {
  readonly X: Matrix;
  readonly y: Vector;
}

async function validate(
  data: Data,
  options: Options & { readonly lambda2: number },
  folds: readonly (readonly number[])[],
  part: (path: number) => Run,
  isOver: (path: number) => Promise<boolean>,
) {
  const { rule, weights } = options, [samples, features] = data.X.shape;
  const points: RegressionPathPoint[] = [];
  for await (const point of followPath(data.X, data.y, options, part(0), folds.length + 1)) points.push(point);
  const lambdas = points.map(({ lambda0 }) => lambda0);
  const errors = lambdas.map(() => new Float64Array(folds.length));
  const weightOf = (rows: readonly number[]) =>
    weights ? rows.reduce((sum, row) => sum + weights[row], 0) : rows.length;
  const all = Array.from({ length: samples }, (_, row) => row), whole = weightOf(all);
  let timeIsUp = points[points.length - 1].status === "time-limit";
  for (const [fold, held] of folds.entries()) {
    if (timeIsUp && await isOver(1 + fold)) {
      for (const values of errors) values[fold] = Infinity;
      continue;
    }
    const out = new Set(held), kept = all.filter((row) => !out.has(row));
    const training = rowsOf(data, kept), test = rowsOf(data, held), share = weightOf(kept) / whole;
    const path = followPath(
      training.X,
      training.y,
      {
        ...options,
        lambda2: options.lambda2 * share,
        lambdas: lambdas.map((lambda0) => lambda0 * share),
        maxSupport: Math.max(features, options.maxSupport),
        weights: weights && Float64Array.from(kept, (row) => weights[row]),
      },
      part(1 + fold),
      folds.length + 1,
    );
    const testWeights = weights && Float64Array.from(held, (row) => weights[row]), size = weightOf(held);
    let index = 0;
    for await (const point of path) {
      // Held rows without weight say nothing.
      errors[index++][fold] = size > 0 ? squaredError(point, test.X, test.y, testWeights) / size : 0;
      timeIsUp ||= point.status === "time-limit";
    }
    // A path that the time limit cut short says nothing of its last points.
    for (; index < lambdas.length; index++) errors[index][fold] = Infinity;
  }
  const count = folds.length;
  const means = Float64Array.from(errors, (values) => values.reduce((sum, value) => sum + value, 0) / count);
  const deviations = Float64Array.from(errors, (values, i) => {
    const squares = values.reduce((sum, value) => sum + (value - means[i]) ** 2, 0);
    return means[i] < Infinity ? Math.sqrt(squares / (count - 1) / count) : Infinity;
  });
  let best = indexOfLeast(means);
  if (rule === "one-standard-error") {
    const most = means[best] + deviations[best];
    best = means.findIndex((value) => value <= most);
  }
  return {
    lambdas: Float64Array.from(lambdas),
    meanSquaredErrors: means,
    standardErrors: deviations,
    best,
    fit: points[best],
    lambda2: options.lambda2,
    timeIsUp,
  };
}

/** The index of the least; the first of equal ones, be they infinite. */
function indexOfLeast(values: Float64Array): number {
  let index = 0;
  values.forEach((value, i) => {
    if (value < values[index]) index = i;
  });
  return index;
}

function rowsOf({ X, y }: Data, rows: readonly number[]): Data {
  const features = X.shape[1], data = new Float64Array(rows.length * features);
  rows.forEach((row, i) => data.set(X.data.subarray(row * features, (row + 1) * features), i * features));
  return { X: matrix(rows.length, features, data), y: Float64Array.from(rows, (row) => y[row]) };
}
