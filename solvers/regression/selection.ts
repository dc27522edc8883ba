/** Predictions of sparse regressions, and the choice among them. @module */

import { OptionError, ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix, matrix, toVectorArgument, type Vector, type VectorLike } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { crossValidateRegressionOptions, type RegressionCrossValidationOptions } from "./options.ts";
import { followPath, type RegressionPathPoint } from "./path.ts";
import type { SparseRegression } from "./regression.ts";

/**
 * Responses that a fit predicts, one a row of `X`.
 *
 * @throws {ShapeError} when `X` has another number of features than the fit
 *
 * @example
 * ```ts
 * import { fromRows, predictRegression } from "@minima/minima";
 * const fit = { coefficients: new Float64Array([0, 2]), intercept: 1, support: new Uint32Array([1]) };
 * if (predictRegression(fit, fromRows([[5, 3]]))[0] !== 7) throw new Error("1 + 2 x 3");
 * ```
 */
export function predictRegression(
  { coefficients, intercept, support }: Pick<SparseRegression, "coefficients" | "intercept" | "support">,
  X: Matrix,
): Float64Array {
  checkMatrix("X", X, "predict");
  const [rows, columns] = X.shape;
  if (columns !== coefficients.length) {
    throw new ShapeError("X", `Cannot predict: "X" has ${columns} features, but the fit has ${coefficients.length}.`);
  }
  return Float64Array.from({ length: rows }, (_, i) => {
    let value = intercept;
    for (const feature of support) value += X.data[i * columns + feature] * coefficients[feature];
    return value;
  });
}

/** Information criteria of a Gaussian model; the least is best. */
export interface InformationCriteria {
  /** Akaike 1974: `n log(RSS / n) + 2 k`. */
  readonly aic: number;
  /** Schwarz 1978: `n log(RSS / n) + k log n`. */
  readonly bic: number;
  /** Chen & Chen 2008, gamma = 1/2: `bic + k log p`. */
  readonly ebic: number;
}

/** Information criteria of a fit on the data it was fitted to; `k` is its `parameterCount`. */
export function informationCriteria(fit: SparseRegression, X: Matrix, y: VectorLike): InformationCriteria {
  const residuals = squaredError(fit, X, toVectorArgument("y", y, "judge the fit"));
  const [samples, features] = X.shape;
  const deviance = samples * Math.log(residuals / samples);
  const parameters = fit.parameterCount;
  const bic = deviance + parameters * Math.log(samples);
  return { aic: deviance + 2 * parameters, bic, ebic: bic + fit.support.length * Math.log(features) };
}

/** Mean squared errors along a path. */
export interface RegressionCrossValidation {
  /** The grid, descending: that of the path on all data. */
  readonly lambdas: Float64Array;
  /** Mean squared error of prediction, by `lambda0`. */
  readonly meanSquaredErrors: Float64Array;
  /** Standard error of that mean over the folds. */
  readonly standardErrors: Float64Array;
  /** Index of the chosen point. */
  readonly best: number;
  /** The chosen point, fitted to all data. */
  readonly fit: RegressionPathPoint;
}

/**
 * Cross-validation of a whole path: every fold is fitted along the grid of the path on all data.
 *
 * @throws as {@linkcode sparseRegressionPath} does
 */
export async function crossValidateRegression(
  X: Matrix,
  response: VectorLike,
  options: RegressionCrossValidationOptions = {},
): Promise<RegressionCrossValidation> {
  const resolved = resolveOptions(crossValidateRegressionOptions, options, "cross-validation");
  const { folds, rule, seed } = resolved;
  checkMatrix("X", X, "cross-validate");
  const [samples, features] = X.shape;
  if (folds > samples) {
    throw new OptionError("folds", `Cannot use "folds": expected at most the ${samples} samples, received ${folds}.`);
  }
  const y = toVectorArgument("y", response, "cross-validate");
  const points: RegressionPathPoint[] = [];
  for await (const point of followPath(X, y, resolved, folds + 1)) points.push(point);
  const lambdas = points.map(({ lambda0 }) => lambda0);
  const order = shuffled(samples, seed);
  const errors = lambdas.map(() => new Float64Array(folds));
  const grid = { ...resolved, lambdas, maxSupport: features };
  for (let fold = 0; fold < folds; fold++) {
    const from = Math.floor(fold * samples / folds), to = Math.floor((fold + 1) * samples / folds);
    const held = order.slice(from, to), kept = [...order.slice(0, from), ...order.slice(to)];
    const take = (rows: ArrayLike<number>) => {
      const data = new Float64Array(rows.length * features);
      Array.from(rows).forEach((row, i) => {
        data.set(X.data.subarray(row * features, (row + 1) * features), i * features);
      });
      return { X: matrix(rows.length, features, data), y: Float64Array.from(rows, (row) => y[row]) };
    };
    const training = take(kept), test = take(held);
    let index = 0;
    for await (const point of followPath(training.X, training.y, grid, folds + 1)) {
      errors[index++][fold] = squaredError(point, test.X, test.y) / held.length;
    }
    // A path that the time limit cut short says nothing of its last points.
    for (; index < lambdas.length; index++) errors[index][fold] = Infinity;
  }
  const means = Float64Array.from(errors, (values) => values.reduce((sum, value) => sum + value, 0) / folds);
  const deviations = Float64Array.from(errors, (values, i) => {
    const squares = values.reduce((sum, value) => sum + (value - means[i]) ** 2, 0);
    return Math.sqrt(squares / (folds - 1) / folds);
  });
  let best = means.indexOf(means.reduce((least, value) => Math.min(least, value), Infinity));
  if (rule === "one-standard-error") best = means.findIndex((value) => value <= means[best] + deviations[best]);
  return {
    lambdas: Float64Array.from(lambdas),
    meanSquaredErrors: means,
    standardErrors: deviations,
    best,
    fit: points[best],
  };
}

function squaredError(fit: SparseRegression, X: Matrix, y: Vector): number {
  return predictRegression(fit, X).reduce((sum, value, i) => sum + (y[i] - value) ** 2, 0);
}

function shuffled(count: number, seed: number): Uint32Array {
  const random = createRandom(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
