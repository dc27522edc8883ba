/** Simulated data of the sparse estimation literature, with the truth they came from. */

import { type Matrix, matrix } from "../mod.ts";
import { normal, uniform } from "./data.ts";
import { type GraphPattern, patternMatrix } from "./graph_patterns.ts";
import { cholesky, extremeEigenvalues, inverseOfLower } from "./linear_algebra.ts";

export type { GraphPattern } from "./graph_patterns.ts";

/** Options for regressions on designs: their columns have the scale that their penalties are for. */
export const asDesigned = { intercept: false, standardize: false } as const;

/** Samples of a Gaussian graphical model. */
export interface GraphDesign {
  /** [samples, variables] */
  readonly samples: Matrix;
  /** True precision matrix, row-major [variables, variables]. */
  readonly precision: Float64Array;
  /** Largest true entry off the diagonal, in magnitude. */
  readonly largestEntry: number;
}

/**
 * A pattern made positive definite, scaled so that the largest variance is 1, and normal samples of it.
 * O(variables^3 + samples variables^2).
 */
export function graphDesign(pattern: GraphPattern, samples: number, variables: number, seed: number): GraphDesign {
  const next = uniform(seed), draw = normal(seed + 1), size = variables;
  const { values: precision, completion } = patternMatrix(pattern, size, next);
  if (completion !== "whole") {
    const [least, most] = extremeEigenvalues(precision, size, draw);
    const conditionNumber = 2;
    const shift = completion === "least eigenvalue"
      ? 0.2 - least
      : (conditionNumber * least - most) / (1 - conditionNumber);
    for (let i = 0; i < size; i++) precision[i * (size + 1)] += shift > 0 ? shift : 1;
  }

  // With T = L L^T, columns of L^-T times standard normals have covariance T^-1, whose diagonal is ||L^-1 e_j||^2.
  const factor = cholesky(precision, size);
  if (!factor) throw new RangeError(`Cannot sample: the ${pattern.kind} design is not positive definite.`);
  const inverse = inverseOfLower(factor, size);
  let largestVariance = 0;
  for (let j = 0; j < size; j++) {
    let variance = 0;
    for (let i = j; i < size; i++) variance += inverse[i * size + j] ** 2;
    largestVariance = Math.max(largestVariance, variance);
  }
  let largestEntry = 0;
  precision.forEach((value, at) => {
    precision[at] = value * largestVariance;
    if (at % (size + 1) !== 0) largestEntry = Math.max(largestEntry, Math.abs(precision[at]));
  });
  const result = matrix(samples, size), scale = 1 / Math.sqrt(largestVariance);
  for (let k = 0; k < samples; k++) {
    for (let i = 0; i < size; i++) {
      const z = scale * draw();
      for (let j = 0; j <= i; j++) result.data[k * size + j] += inverse[i * size + j] * z;
    }
  }
  return { samples: result, precision, largestEntry };
}

/** A linear model with few nonzero coefficients. */
export interface RegressionDesign {
  readonly X: Matrix;
  readonly y: Float64Array;
  readonly coefficients: Float64Array;
}

/** How features are correlated. */
export type FeatureCorrelation =
  /** `correlation^|i - j|`, an autoregressive process (L0Learn's and l0bnb's "exponential"). */
  | "exponential"
  /** The same between any two features. */
  | "constant";

/**
 * Normal features, `nonzeros` equal coefficients evenly spread, noise for a signal-to-noise ratio (variance of the
 * signal over variance of the noise); features and response scaled to norm 1.
 */
export function regressionDesign(
  samples: number,
  features: number,
  options: {
    readonly nonzeros: number;
    readonly correlation: number;
    /** @default "exponential" */
    readonly kind?: FeatureCorrelation;
    readonly signalToNoise: number;
    readonly seed: number;
  },
): RegressionDesign {
  const { nonzeros, correlation, kind = "exponential", signalToNoise, seed } = options;
  const draw = normal(seed),
    X = matrix(samples, features),
    coefficients = new Float64Array(features);
  for (let k = 0; k < nonzeros; k++) coefficients[Math.floor((k + 0.5) * features / nonzeros)] = 1;
  const y = new Float64Array(samples);
  for (let i = 0; i < samples; i++) {
    const common = kind === "constant" ? Math.sqrt(correlation) * draw() : 0;
    for (let j = 0, value = 0; j < features; j++) {
      if (kind === "constant") {
        value = common + Math.sqrt(1 - correlation) * draw();
      } else value = j === 0 ? draw() : correlation * value + Math.sqrt(1 - correlation ** 2) * draw();
      X.data[i * features + j] = value;
      y[i] += value * coefficients[j];
    }
  }
  const noise = Math.sqrt(y.reduce((sum, value) => sum + value * value, 0) / samples / signalToNoise);
  for (let i = 0; i < samples; i++) y[i] += noise * draw();
  const length = Math.hypot(...y);
  for (let i = 0; i < samples; i++) y[i] /= length;
  for (let j = 0; j < features; j++) {
    let square = 0;
    for (let i = 0; i < samples; i++) square += X.data[i * features + j] ** 2;
    for (let i = 0; i < samples; i++) X.data[i * features + j] /= Math.sqrt(square);
    coefficients[j] *= Math.sqrt(square) / length;
  }
  return { X, y, coefficients };
}
