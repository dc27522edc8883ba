/** Samples of Gaussian graphical models too large for dense algebra. */

import { type Matrix, matrix } from "../mod.ts";
import { normal, uniform } from "./data.ts";
import type { GraphPattern } from "./designs.ts";

/** Samples of a sparse Gaussian graphical model, with its edges. */
export interface SparseGraphDesign {
  /** [samples, variables] */
  readonly samples: Matrix;
  /** `i * variables + j` for each true edge, `i < j`. */
  readonly edges: ReadonlySet<number>;
  /** Largest true entry off the diagonal, in magnitude. */
  readonly largestEntry: number;
}

/** Patterns whose spectrum is bounded however many variables there are. */
export type SparsePattern = Extract<GraphPattern, { readonly kind: "uniform" | "banded" }>;

const conditionNumber = 2;

/** Terms of the Chebyshev series of `x^-1/2` on an interval of this ratio: the last is below 1e-16 of the first. */
const terms = 24;

/**
 * The designs of {@linkcode graphDesign} by products with the sparse precision matrix alone: samples are `T^-1/2 z`,
 * the inverse root by a Chebyshev series over the spectrum, which the condition number makes short. The scale makes the
 * largest sample variance 1. O(samples x edges).
 */
export function sparseGraphDesign(
  pattern: SparsePattern,
  samples: number,
  variables: number,
  seed: number,
): SparseGraphDesign {
  const next = uniform(seed), draw = normal(seed + 1);
  const ends: number[] = [], values: number[] = [];
  const join = (i: number, j: number, value: number) => {
    ends.push(i, j);
    values.push(value);
  };
  for (let i = 0; i < variables; i++) {
    if (pattern.kind === "banded") {
      const last = Math.min(variables - 1, i + pattern.bandwidth);
      for (let j = i + 1; j <= last; j++) join(i, j, 0.5 ** (j - i));
      continue;
    }
    for (let j = i + 1; j < variables; j++) {
      if (next() < pattern.degree / variables) join(i, j, 0.5);
    }
  }
  const multiply = (x: Float64Array, diagonal: number) => {
    const image = x.map((entry) => diagonal * entry);
    for (let e = 0; e < values.length; e++) {
      image[ends[2 * e]] += values[e] * x[ends[2 * e + 1]];
      image[ends[2 * e + 1]] += values[e] * x[ends[2 * e]];
    }
    return image;
  };
  const radius = spectralBound(ends, values, variables);
  const most = powerIteration((x) => multiply(x, radius), variables, draw) -
    radius;
  const least = radius -
    powerIteration(
      (x) => multiply(x, radius).map((y, i) => 2 * radius * x[i] - y),
      variables,
      draw,
    );
  const shift = (conditionNumber * least - most) / (1 - conditionNumber);

  // x^-1/2 at the Chebyshev points of [least, most] + shift, slightly widened, and its series there.
  const low = 0.99 * (least + shift),
    high = 1.01 * (most + shift),
    middle = (low + high) / 2,
    half = (high - low) / 2;
  const series = Array.from({ length: terms }, (_, k) => {
    let sum = 0;
    for (let point = 0; point < 2 * terms; point++) {
      const angle = Math.PI * (point + 0.5) / (2 * terms);
      sum += Math.cos(k * angle) / Math.sqrt(middle + half * Math.cos(angle));
    }
    return (k === 0 ? 1 : 2) * sum / (2 * terms);
  });
  const result = matrix(samples, variables);
  for (let row = 0; row < samples; row++) {
    let before = Float64Array.from({ length: variables }, draw);
    const mapped = (x: Float64Array) => multiply(x, shift).map((y, i) => (y - middle * x[i]) / half);
    let now = mapped(before);
    const target = result.data.subarray(row * variables, (row + 1) * variables);
    for (let i = 0; i < variables; i++) {
      target[i] = series[0] * before[i] + series[1] * now[i];
    }
    for (let k = 2; k < terms; k++) {
      const after = mapped(now);
      for (let i = 0; i < variables; i++) {
        after[i] = 2 * after[i] - before[i];
        target[i] += series[k] * after[i];
      }
      [before, now] = [now, after];
    }
  }
  const variances = new Float64Array(variables);
  result.data.forEach((value, at) => variances[at % variables] += value * value / samples);
  const largest = variances.reduce((most, value) => Math.max(most, value));
  result.data.forEach((value, at) => result.data[at] = value / Math.sqrt(largest));
  const edges = new Set(
    values.map((_, e) => ends[2 * e] * variables + ends[2 * e + 1]),
  );
  return {
    samples: result,
    edges,
    largestEntry: largest *
      values.reduce((most, value) => Math.max(most, value), 0),
  };
}

/** Gershgorin's bound on the spectral radius. */
function spectralBound(
  ends: readonly number[],
  values: readonly number[],
  size: number,
): number {
  const sums = new Float64Array(size);
  ends.forEach((end, at) => sums[end] += values[at >> 1]);
  return sums.reduce((most, sum) => Math.max(most, sum), 0);
}

/** The largest eigenvalue of a positive semidefinite matrix, to some six digits. */
function powerIteration(
  multiply: (x: Float64Array) => Float64Array,
  size: number,
  draw: () => number,
): number {
  let vector = Float64Array.from({ length: size }, draw), eigenvalue = 0;
  for (let step = 0; step < 300; step++) {
    const image = multiply(vector);
    const length = Math.sqrt(image.reduce((sum, x) => sum + x * x, 0));
    vector = image.map((x) => x / length);
    if (Math.abs(length - eigenvalue) <= 1e-7 * length) return length;
    eigenvalue = length;
  }
  return eigenvalue;
}
