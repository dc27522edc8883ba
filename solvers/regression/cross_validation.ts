/** The choice among the models of paths. @module */

import type { Matrix, SparseMatrix, VectorLike } from "../core/matrix.ts";
import type { IndicesLike, Resolved } from "../core/options.ts";
import { checkOption, resolveOptions } from "../core/resolve_options.ts";
import type { Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { OptionError } from "../core/errors.ts";
import { inSteps, whateverTheTime } from "../core/steps.ts";
import { checkData } from "./data.ts";
import { type Folds, planFolds } from "../l0/folds.ts";
import {
  crossValidateRegressionOptions,
  type OpenCrossValidationOptions,
  type RegressionCrossValidationOptions,
} from "./options.ts";
import { followPath, type RegressionPathPoint } from "./path.ts";
import { divide, errorOf, type FoldData, totalOf } from "./fold_data.ts";

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
  /** `time-limit` where the time was up before all was fitted; else `converged`, or the first limit that ended a fit. */
  readonly status: Status;
  /** Wall-clock time of the whole call, in milliseconds. */
  readonly elapsedMs: number;
}

/** What the options are of, in errors. */
const subject = "cross-validation";

type Options = Resolved<RegressionCrossValidationOptions, OpenCrossValidationOptions>;

/**
 * Cross-validation of a whole path: every fold is fitted along the grid of the path on all data. The loss is a sum over
 * samples, so that `lambda0` and `lambda2` are scaled by the share of the samples (of their weights) that a fold is fitted
 * to; `bigM` and the bounds are not. Time limit, progress and abort are those of the whole call.
 *
 * @param X Samples as rows [samples, features], dense or sparse.
 * @param response One response a sample.
 * @param options `folds` may be the fold of each sample, too.
 * @throws as {@linkcode sparseRegressionPath} does, and {@linkcode OptionError} for folds that the samples do not have, and
 *   for weights that are all in one fold
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
  options: RegressionCrossValidationOptions | RegressionOwnFolds = {},
): Promise<RegressionCrossValidation> {
  const { own, options: others } = withoutOwnFolds(options);
  const resolved = resolveOptions(crossValidateRegressionOptions, others, subject);
  const run = startRun(resolved);
  const data = await inSteps(
    checkData(X, response),
    () => run.checkpoint({ stage: "load", fraction: 0, iteration: 0 }),
  );
  const folds = planFolds(data.X.shape[0], own ? { ...resolved, foldOf: own, nameOfFolds: "folds" } : resolved);
  const ridges = typeof resolved.lambda2 === "number" ? [resolved.lambda2] : Array.from(resolved.lambda2);
  if (ridges.length === 0) {
    throw new OptionError("lambda2", `Cannot use "lambda2": expected a number, or one at least, received [].`);
  }
  const found: Validation[] = [];
  for (const lambda2 of ridges) {
    // Every path, of all data and of each fold, has an equal share of the work and of the time.
    const before = found.length * (folds.count + 1), paths = ridges.length * (folds.count + 1);
    const part = (path: number) => partOf(run, before + path, paths, resolved.timeLimitMs);
    const isOver = (path: number) =>
      run.checkpoint({ stage: "cross-validation", fraction: (before + path) / paths, iteration: 0 });
    if (found.length > 0 && await isOver(0)) break;
    found.push(await validate(data, { ...resolved, lambda2 }, folds, part, isOver));
  }
  // Nothing is known of the ridges that the time did not reach.
  const lambda2Errors = Float64Array.from(ridges, (_, k) => found[k]?.least ?? Infinity);
  const { of: { lambdas, meanSquaredErrors, standardErrors, points, lambda2 }, at } = choose(found, resolved.rule);
  return {
    lambdas,
    meanSquaredErrors,
    standardErrors,
    best: at,
    fit: points[at],
    lambda2,
    lambda2s: Float64Array.from(ridges),
    lambda2Errors,
    status: found.length < ridges.length ? "time-limit" : firstLimit(found.map(({ status }) => status)),
    elapsedMs: run.elapsedMs(),
  };
}

/** Own folds in the place of their number: the fold of each sample, as `foldOf` has it. */
export type RegressionOwnFolds = Omit<RegressionCrossValidationOptions, "folds"> & {
  readonly folds?: number | IndicesLike;
};

/** Own folds that are given as `folds`, and the options without them. */
function withoutOwnFolds(
  options: RegressionCrossValidationOptions | RegressionOwnFolds,
): { options: RegressionCrossValidationOptions; own?: Uint32Array } {
  const folds: unknown = Object(options).folds;
  if (typeof folds !== "object" || folds === null) return { options: options as RegressionCrossValidationOptions };
  if (options.foldOf !== undefined) {
    throw new OptionError("foldOf", `Cannot use "foldOf": expected it or the folds as "folds", received both.`);
  }
  const own = checkOption(crossValidateRegressionOptions.foldOf, folds, "folds", subject) as Uint32Array;
  return { options: { ...options, folds: undefined }, own };
}

/** The point that the rule chooses among those of all ridges. */
function choose(found: readonly Validation[], rule: Options["rule"]): { of: Validation; at: number } {
  let best = found[0];
  for (const one of found) if (one.least < best.least) best = one;
  if (rule === "best") return { of: best, at: best.best };
  const most = best.least + best.standardErrors[best.best];
  let chosen: { of: Validation; at: number } | undefined;
  for (const of of found) {
    const at = of.meanSquaredErrors.findIndex((value) => value <= most);
    if (at < 0) continue;
    const more = chosen ? of.points[at].support.length - chosen.of.points[chosen.at].support.length : -1;
    if (more < 0 || more === 0 && of.meanSquaredErrors[at] < chosen!.of.meanSquaredErrors[chosen!.at]) {
      chosen = { of, at };
    }
  }
  return chosen!;
}

/** The time limit, or the first other one. */
function firstLimit(statuses: readonly Status[]): Status {
  return statuses.find((status) => status === "time-limit") ?? statuses.find((status) => status !== "converged") ??
    "converged";
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

/** Errors along the path of one ridge penalty. */
interface Validation extends Pick<RegressionCrossValidation, "lambdas" | "meanSquaredErrors" | "standardErrors"> {
  /** The points, fitted to all data. */
  readonly points: readonly RegressionPathPoint[];
  readonly lambda2: number;
  /** Index of the least error, the first of equal ones, and that error. */
  readonly best: number;
  readonly least: number;
  readonly status: Status;
}

async function validate(
  data: FoldData,
  options: Options & { readonly lambda2: number },
  folds: Folds,
  part: (path: number) => Run,
  isOver: (path: number) => Promise<boolean>,
): Promise<Validation> {
  const { weights } = options, [samples, features] = data.X.shape;
  const points: RegressionPathPoint[] = [];
  for await (const point of followPath(data.X, data.y, options, part(0), folds.count + 1)) points.push(point);
  const lambdas = points.map(({ lambda0 }) => lambda0), statuses = points.map(({ status }) => status);
  const errors = lambdas.map((): number[] => []);
  const whole = totalOf(samples, weights);
  let fold = 0;
  for (const held of folds.rows()) {
    fold++;
    if (await isOver(fold)) {
      statuses.push("time-limit");
      for (const values of errors) values.push(Infinity);
      break;
    }
    const begun = fold;
    const { training, test } = await inSteps(whateverTheTime(divide(data, held, weights)), () => isOver(begun));
    // Held rows without weight say nothing.
    if (!(test.total > 0)) continue;
    if (!(training.total > 0)) {
      throw new OptionError("weights", `Cannot use "weights": expected some above 0 outside each fold, received none.`);
    }
    const share = training.total / whole;
    const path = followPath(
      training.X,
      training.y,
      {
        ...options,
        lambda2: options.lambda2 * share,
        lambdas: lambdas.map((lambda0) => lambda0 * share),
        maxSupport: Math.max(features, options.maxSupport),
        weights: training.weights,
      },
      part(fold),
      folds.count + 1,
    );
    let index = 0;
    for await (const point of path) {
      // As far as the path will say that it is.
      const done = fold + ++index / lambdas.length;
      errors[index - 1].push(await inSteps(whateverTheTime(errorOf(point, test)), () => isOver(done)));
      statuses.push(point.status);
    }
    // A path that the time limit cut short says nothing of its last points.
    for (; index < lambdas.length; index++) errors[index].push(Infinity);
  }
  const means = Float64Array.from(errors, (values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const best = indexOfLeast(means);
  return {
    lambdas: Float64Array.from(lambdas),
    meanSquaredErrors: means,
    standardErrors: Float64Array.from(errors, (values, k) => standardError(values, means[k])),
    points,
    lambda2: options.lambda2,
    best,
    least: means[best],
    status: firstLimit(statuses),
  };
}

/** The standard error of a mean; squares of the values themselves may leave the range of numbers. */
function standardError(values: readonly number[], mean: number): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value - mean)), 0);
  if (largest === 0 || !(mean < Infinity)) return largest === 0 ? 0 : Infinity;
  const squares = values.reduce((sum, value) => sum + ((value - mean) / largest) ** 2, 0);
  return largest * Math.sqrt(squares / (values.length - 1) / values.length);
}

/** The index of the least; the first of equal ones, be they infinite. */
function indexOfLeast(values: Float64Array): number {
  let index = 0;
  values.forEach((value, i) => {
    if (value < values[index]) index = i;
  });
  return index;
}
