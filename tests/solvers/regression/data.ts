import { type Matrix, matrix } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";

/** A linear model and its data. */
export interface Data {
  readonly X: Matrix;
  readonly y: Float64Array;
  readonly truth: Float64Array;
}

/**
 * Rows of an autoregressive process of correlation `correlation`; `nonzeros` unit coefficients, evenly spread; noise.
 */
export function simulate(
  samples: number,
  features: number,
  nonzeros: number,
  correlation: number,
  noise: number,
  seed: number,
): Data {
  const random = createRandom(seed);
  const X = matrix(samples, features), truth = new Float64Array(features);
  for (let k = 0; k < nonzeros; k++) truth[Math.floor((k + 0.5) * features / nonzeros)] = 1;
  const y = new Float64Array(samples);
  for (let i = 0; i < samples; i++) {
    let previous = random.normal();
    for (let j = 0; j < features; j++) {
      if (j > 0) previous = correlation * previous + Math.sqrt(1 - correlation ** 2) * random.normal();
      X.data[i * features + j] = previous;
      y[i] += previous * truth[j];
    }
    y[i] += noise * random.normal();
  }
  return { X, y, truth };
}

/** The problem as it is written, without intercept and scaling: what enumeration and conditions by hand refer to. */
export const unscaled = { intercept: false, standardize: false } as const;
