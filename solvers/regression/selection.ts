/** Predictions of sparse regressions, and what they say of a fit. @module */

import { checkParts } from "../core/kinds.ts";
import { ShapeError } from "../core/errors.ts";
import {
  denseSamples,
  type Matrix,
  type SparseMatrix,
  toVectorArgument,
  type Vector,
  type VectorLike,
} from "../core/matrix.ts";
import type { SparseRegression } from "./answer.ts";
import { counted } from "../core/shown.ts";

/** What predictions need of a fit. */
const fitParts = { coefficients: "numbers", intercept: "number", support: "numbers" } as const;

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
  fit: Pick<SparseRegression, "coefficients" | "intercept" | "support">,
  X: Matrix | SparseMatrix,
): Float64Array {
  checkParts("fit", fit, fitParts, "predict");
  const { coefficients } = fit;
  const dense = denseSamples(X, "predict"), columns = dense.shape[1];
  if (columns !== coefficients.length) {
    throw new ShapeError(
      "X",
      `Cannot predict: "X" has ${counted(columns, "feature")}, but the fit has ${coefficients.length}.`,
    );
  }
  return Float64Array.from({ length: dense.shape[0] }, (_, i) => predictionOf(fit, dense, i));
}

/** The prediction of one sample, of data that have been checked. */
function predictionOf(
  { coefficients, intercept, support }: Pick<SparseRegression, "coefficients" | "intercept" | "support">,
  { data, shape: [, columns] }: Matrix,
  sample: number,
): number {
  let value = intercept;
  for (const feature of support) value += data[sample * columns + feature] * coefficients[feature];
  return value;
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
export function informationCriteria(
  fit: SparseRegression,
  X: Matrix | SparseMatrix,
  y: VectorLike,
): InformationCriteria {
  const action = "judge the fit";
  checkParts("fit", fit, { ...fitParts, parameterCount: "number" }, action);
  const dense = denseSamples(X, action),
    responses = toVectorArgument("y", y, action),
    [samples, features] = dense.shape;
  if (features !== fit.coefficients.length || responses.length !== samples) {
    const [argument, problem] = features !== fit.coefficients.length
      ? ["X", `"X" has ${counted(features, "feature")}, but the fit has ${fit.coefficients.length}`]
      : ["y", `"X" has ${counted(samples, "sample")}, but "y" has ${responses.length}`];
    throw new ShapeError(argument, `Cannot ${action}: ${problem}.`);
  }
  const residuals = squaredError(fit, dense, responses);
  const deviance = samples * Math.log(residuals / samples);
  const parameters = fit.parameterCount;
  const bic = deviance + parameters * Math.log(samples);
  return { aic: deviance + 2 * parameters, bic, ebic: bic + fit.support.length * Math.log(features) };
}

/** Sum of the squared errors of prediction of some samples, each times its weight; of data that have been checked. */
export function squaredError(
  fit: SparseRegression,
  X: Matrix,
  y: Vector,
  { weights, begin = 0, end = y.length }: {
    readonly weights?: ArrayLike<number>;
    readonly begin?: number;
    readonly end?: number;
  } = {},
): number {
  let sum = 0;
  for (let i = begin; i < end; i++) sum += (weights ? weights[i] : 1) * (y[i] - predictionOf(fit, X, i)) ** 2;
  return sum;
}
