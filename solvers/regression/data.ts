/** From a caller's data to the problem that is solved: checked, weighted, centred, scaled. @module */

import { checkMagnitudes, momentsInSteps, powerOfTwo } from "../core/columns.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import {
  checkFiniteInSteps,
  denseTable,
  type Matrix,
  type Samples,
  toVectorArgument,
  type Vector,
  type VectorLike,
} from "../core/matrix.ts";
import type { ResolvedValue } from "../core/options.ts";
import type { Steps } from "../core/steps.ts";
import { largestPenalty } from "../l0/options.ts";
import type { RegressionOptions } from "./options.ts";
import { counted } from "../core/shown.ts";

/** What coefficients may be, whatever a feature costs: the scaled ones. */
export interface Constraints {
  /** Features that are always in the support, ascending; they are not priced. */
  readonly always: readonly number[];
  /** 1 for each of them, 0 for all others. */
  readonly isAlways: Uint8Array;
  /** Bounds of each coefficient, which may be infinite. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** The largest magnitude that any coefficient may have. */
  readonly hull: number;
  /** Whether all coefficients have the bounds `-hull` and `hull`. */
  readonly uniform: boolean;
}

/**
 * Data and what is done to them: `x -> w (x - mean - tail) / scale`, `y -> w (y - responseMean - responseTail) /
 * responseScale`, with the root `w` of the row's weight.
 */
export interface RegressionData {
  readonly X: Matrix;
  readonly y: Vector;
  /** Roots of the weights of the rows; none where all are 1. */
  readonly roots: Float64Array | undefined;
  /** Sum of the weights. */
  readonly totalWeight: number;
  readonly means: Float64Array;
  readonly tails: Float64Array;
  /** Infinite for columns that carry nothing: those become exactly zero. */
  readonly scales: Float64Array;
  readonly responseMean: number;
  readonly responseTail: number;
  /** A power of two, so that nothing is rounded. */
  readonly responseScale: number;
  /** Whether the means are those of an intercept that is fitted. */
  readonly intercept: boolean;
  readonly constraints: Constraints;
}

/** Options that say what the problem is. */
export type ProblemOptions =
  & Pick<Required<RegressionOptions>, "lambda2" | "bigM" | "intercept" | "standardize">
  & { readonly [K in "lower" | "upper" | "weights" | "always"]?: ResolvedValue<NonNullable<RegressionOptions[K]>> };

const action = "fit a sparse regression";

/** Samples and response, once both are known to fit together and to be finite. */
export function* checkData(X: Samples, response: VectorLike): Steps<{ X: Matrix; y: Vector }> {
  const fitting = checkShapes(X, response);
  if (fitting.X === X) yield* checkFiniteInSteps("X", fitting.X, action);
  return fitting;
}

/** The same, but for the samples, of which nobody has looked at the elements. */
function checkShapes(X: Samples, response: VectorLike): { X: Matrix; y: Vector } {
  const dense = denseTable(X, action);
  const [samples, features] = dense.shape;
  if (samples === 0 || features === 0) {
    throw new ShapeError("X", `Cannot ${action}: "X" is ${samples} x ${features}, but needs a sample and a feature.`);
  }
  const y = toVectorArgument("y", response, action);
  if (y.length !== samples) {
    throw new ShapeError("y", `Cannot ${action}: "X" has ${counted(samples, "sample")}, but "y" has ${y.length}.`);
  }
  return { X: dense, y };
}

/**
 * The data of a problem. Where neither ridge nor `bigM` sees the scale of a column, it is scaled by a power of two even if
 * `standardize` is false: the answer is the same.
 */
export function* prepareData(X: Samples, response: VectorLike, options: ProblemOptions): Steps<RegressionData> {
  const { X: dense, y } = checkShapes(X, response);
  const { intercept, standardize, lambda2, bigM, weights } = options;
  const [samples, features] = dense.shape;
  if (weights && weights.length !== samples) {
    throw new OptionError(
      "weights",
      `Cannot use "weights": expected ${counted(samples, "number")}, one a sample, received ${weights.length}.`,
    );
  }
  let totalWeight = weights ? 0 : samples;
  if (weights) { for (const weight of weights) totalWeight += weight; }
  if (!(totalWeight > 0)) {
    throw new OptionError("weights", `Cannot use "weights": expected one above 0, received none.`);
  }
  const { means, tails, variances, meanSquares } = yield* momentsInSteps(dense, intercept, weights);
  // What is not finite shows in the sums; only then are the elements looked at one by one.
  if (!meanSquares.every(Number.isFinite)) yield* checkFiniteInSteps("X", dense, action);
  checkMagnitudes("X", dense, meanSquares, action);
  const column: Matrix = { data: y, shape: [samples, 1] };
  const moments = yield* momentsInSteps(column, intercept, weights);
  checkMagnitudes("y", column, moments.meanSquares, action);
  const [responseMean] = moments.means, [responseTail] = moments.tails;
  let magnitude = 0;
  for (const value of y) magnitude = Math.max(magnitude, Math.abs(value - responseMean - responseTail));
  const responseScale = magnitude > 0 ? powerOfTwo(magnitude) : 1;
  const free = lambda2 === 0 && bigM === Infinity;
  const scales = variances.map((variance) =>
    variance === 0 ? Infinity : standardize ? Math.sqrt(variance) : free ? powerOfTwo(Math.sqrt(variance)) : 1
  );
  return {
    X: dense,
    y,
    roots: weights && Float64Array.from(weights, Math.sqrt),
    totalWeight,
    means,
    tails,
    scales,
    responseMean,
    responseTail,
    responseScale,
    intercept,
    constraints: constraintsOf(features, scales, responseScale, options),
  };
}

function constraintsOf(
  features: number,
  scales: Float64Array,
  responseScale: number,
  { lower, upper, bigM, always = new Uint32Array(0) }: ProblemOptions,
): Constraints {
  const isAlways = new Uint8Array(features);
  for (const feature of always) {
    if (feature >= features) {
      throw new OptionError("always", `Cannot use "always": expected features below ${features}, received ${feature}.`);
    }
    isAlways[feature] = 1;
  }
  const bounds = (name: "lower" | "upper", given: number | Vector | undefined, sign: number) => {
    if (typeof given === "object" && given.length !== features) {
      throw new OptionError(
        name,
        `Cannot use "${name}": expected a number or ${features}, one a feature, received ${given.length}.`,
      );
    }
    return Float64Array.from({ length: features }, (_, j) => {
      const value = typeof given === "object" ? given[j] : given ?? sign * largestPenalty;
      const own = Math.abs(value) >= largestPenalty ? Infinity : Math.abs(value) * scales[j] / responseScale;
      return sign * Math.min(Number.isNaN(own) ? 0 : own, bigM / responseScale);
    });
  };
  const low = bounds("lower", lower, -1), high = bounds("upper", upper, 1);
  let hull = 0;
  for (let j = 0; j < features; j++) hull = Math.max(hull, -low[j], high[j]);
  // Of a column that carries nothing the coefficient is 0 anyhow.
  const uniform = scales.every((scale, j) => scale === Infinity || low[j] === -hull && high[j] === hull);
  const chosen = Array.from(isAlways.keys()).filter((j) => isAlways[j] > 0);
  return { always: chosen, isAlways, lower: low, upper: high, hull, uniform };
}
