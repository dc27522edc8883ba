/** Features of low rank and labels that follow from them, known in part. @module */

import { createRandom, matrix } from "../../../mod.ts";

/** Settings of {@linkcode partlyLabelled}. */
export interface LabelSimulation {
  readonly items: number;
  readonly features: number;
  readonly labels: number;
  readonly rank: number;
  /** Share that is observed; in blocks, of the features, and of the items that have labels. */
  readonly rate: number;
  readonly block: boolean;
  readonly noise: number;
  readonly seed: number;
}

/** Labels are signs of linear functions of the factors, with offsets; `hidden` has those that are not observed. */
export function partlyLabelled({ items, features, labels, rank, rate, block, noise, seed }: LabelSimulation) {
  const { normal, uniform } = createRandom(seed),
    draw = (count: number) => Float64Array.from({ length: count }, normal);
  const factors = draw(items * rank), loadings = draw(features * rank), weights = draw(labels * rank);
  const offsets = draw(labels);
  const product = (i: number, other: Float64Array, j: number) => {
    let sum = 0;
    for (let p = 0; p < rank; p++) sum += factors[i * rank + p] * other[j * rank + p];
    return sum;
  };
  const X = matrix(items, features), Y = matrix(items, labels), hidden = matrix(items, labels);
  for (let i = 0; i < items; i++) {
    for (let j = 0; j < features; j++) {
      const value = product(i, loadings, j) + noise * normal();
      X.data[i * features + j] = uniform() < rate ? value : NaN;
    }
    const labelled = uniform() < rate;
    for (let l = 0; l < labels; l++) {
      const label = product(i, weights, l) + offsets[l] / 2 + noise * normal() > 0 ? 1 : -1;
      const seen = block ? labelled : uniform() < rate;
      Y.data[i * labels + l] = seen ? label : NaN;
      hidden.data[i * labels + l] = seen ? NaN : label;
    }
  }
  return { features: X, labels: Y, hidden };
}
