/** Samples with known archetypes. @module */

import { createRandom, type Matrix, matrix, type VectorDtype } from "../../../mod.ts";

/** What a generator makes. */
export interface Generated {
  readonly X: Matrix;
  /** True archetypes. */
  readonly H: Matrix;
}

/**
 * The generator of Behdin & Mazumder (2024): uniform archetypes of which a fifth of the entries are zero, uniform weights
 * over their sums, noise, and what is negative cut off. With `separable`, the first samples are the archetypes.
 */
export function archetypalSamples(
  [samples, features, rank]: readonly [number, number, number],
  noise: number,
  { seed = 1, dtype = "f64", separable = true }: {
    readonly seed?: number;
    readonly dtype?: VectorDtype;
    readonly separable?: boolean;
  } = {},
): Generated {
  const random = createRandom(seed), H = matrix(rank, features), size = rank * features;
  H.data.forEach((_, at) => H.data[at] = random.uniform());
  for (let zeros = 0; zeros < Math.round(0.2 * size);) {
    const at = random.integer(size);
    if (H.data[at] === 0) continue;
    H.data[at] = 0;
    zeros++;
  }
  const data = dtype === "f32" ? new Float32Array(samples * features) : new Float64Array(samples * features);
  for (let i = 0; i < samples; i++) {
    let weights = Array.from({ length: rank }, random.uniform);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights = weights.map((weight, t) => separable && i < rank ? Number(t === i) : weight / sum);
    for (let j = 0; j < features; j++) {
      let value = 0;
      for (let t = 0; t < rank; t++) value += weights[t] * H.data[t * features + j];
      data[i * features + j] = Math.max(0, value + noise * random.normal());
    }
  }
  return { X: matrix(samples, features, data), H };
}

/** Uniform numbers. */
export function uniformMatrix(rows: number, columns: number, seed: number): Matrix {
  const { uniform } = createRandom(seed);
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, uniform));
}

/** `||A||^2`. */
export function squares({ data }: Matrix): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum;
}

/** `||X - W H||^2`, by its definition. */
export function residualSquares(X: Matrix, W: Matrix, H: Matrix, weights?: ArrayLike<number>): number {
  const [rows, columns] = X.shape, [rank] = H.shape;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const m = weights ? weights[i * columns + j] : 1;
      if (m === 0) continue;
      let value = X.data[i * columns + j];
      for (let t = 0; t < rank; t++) value -= W.data[i * rank + t] * H.data[t * columns + j];
      sum += m * value * value;
    }
  }
  return sum;
}
