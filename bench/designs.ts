/** Simulated data of the sparse estimation literature, with the truth they came from. */

import { type Matrix, matrix } from "../mod.ts";
import { normal, uniform } from "./data.ts";

/** Samples of a Gaussian graphical model. */
export interface GraphDesign {
  /** [samples, variables] */
  readonly samples: Matrix;
  /** True precision matrix, row-major [variables, variables]. */
  readonly precision: Float64Array;
  /** Largest true entry off the diagonal, in magnitude. */
  readonly largestEntry: number;
}

/** Pattern of the true precision matrix before its diagonal is set. */
export type GraphPattern =
  /** Each entry off the diagonal 0.5 with probability `degree / variables`. */
  | { readonly kind: "uniform"; readonly degree: number }
  /** `0.5^|i - j|` up to the bandwidth. */
  | { readonly kind: "banded"; readonly bandwidth: number };

/**
 * A pattern `B` made positive definite as `B + d I` with condition number 2, scaled so that the largest variance is 1, and
 * normal samples of it. O(variables^3).
 */
export function graphDesign(pattern: GraphPattern, samples: number, variables: number, seed: number): GraphDesign {
  const next = uniform(seed), draw = normal(seed + 1), size = variables;
  const precision = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const value = pattern.kind === "uniform"
        ? (next() < pattern.degree / size ? 0.5 : 0)
        : (j - i <= pattern.bandwidth ? 0.5 ** (j - i) : 0);
      precision[i * size + j] = precision[j * size + i] = value;
    }
  }
  const [least, most] = extremeEigenvalues(precision, size, draw);
  const conditionNumber = 2;
  const shift = (conditionNumber * least - most) / (1 - conditionNumber);
  for (let i = 0; i < size; i++) precision[i * (size + 1)] += shift;

  // With T = L L^T, columns of L^-T times standard normals have covariance T^-1, whose diagonal is ||L^-1 e_j||^2.
  const inverse = inverseFactor(precision, size);
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

/**
 * Rows of an autoregressive process, `nonzeros` equal coefficients evenly spread, noise for a signal-to-noise ratio; features
 * and response scaled to norm 1.
 */
export function regressionDesign(
  samples: number,
  features: number,
  options: {
    readonly nonzeros: number;
    readonly correlation: number;
    readonly signalToNoise: number;
    readonly seed: number;
  },
): RegressionDesign {
  const { nonzeros, correlation, signalToNoise, seed } = options;
  const draw = normal(seed), X = matrix(samples, features), coefficients = new Float64Array(features);
  for (let k = 0; k < nonzeros; k++) coefficients[Math.floor((k + 0.5) * features / nonzeros)] = 1;
  const y = new Float64Array(samples);
  for (let i = 0; i < samples; i++) {
    for (let j = 0, value = draw(); j < features; j++) {
      if (j > 0) value = correlation * value + Math.sqrt(1 - correlation ** 2) * draw();
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

/** Least and largest eigenvalue of a symmetric matrix, by power iterations shifted by Gershgorin's bound. */
function extremeEigenvalues(values: Float64Array, size: number, draw: () => number): [least: number, most: number] {
  let radius = 0;
  for (let i = 0; i < size; i++) {
    radius = Math.max(radius, values.subarray(i * size, (i + 1) * size).reduce((sum, x) => sum + Math.abs(x), 0));
  }
  const largest = (sign: number) => {
    let vector = Float64Array.from({ length: size }, draw), previous = 0;
    for (let step = 0; step < 2000; step++) {
      const image = vector.map((x, i) => {
        let sum = radius * x;
        for (let j = 0; j < size; j++) sum += sign * values[i * size + j] * vector[j];
        return sum;
      });
      const length = Math.hypot(...image);
      vector = image.map((x) => x / length);
      if (Math.abs(length - previous) <= 1e-9 * length) break;
      previous = length;
    }
    return previous - radius;
  };
  return [-largest(-1), largest(1)];
}

/** The inverse of the lower triangular Cholesky factor. */
function inverseFactor(values: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size), inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = values[i * size + j];
      for (let k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
      factor[i * size + j] = i === j ? Math.sqrt(sum) : sum / factor[j * size + j];
    }
  }
  for (let i = 0; i < size; i++) {
    const row = inverse.subarray(i * size, (i + 1) * size);
    row[i] = 1;
    for (let k = 0; k < i; k++) {
      const weight = factor[i * size + k];
      for (let j = 0; j <= k; j++) row[j] -= weight * inverse[k * size + j];
    }
    for (let j = 0; j <= i; j++) row[j] /= factor[i * size + i];
  }
  return inverse;
}
