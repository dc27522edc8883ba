/** How fitted tasks together predict a new one. @module */

import { createPace, type Steps } from "../core/steps.ts";
import { boundedLeastSquaresInSteps } from "../l0/bounded_least_squares.ts";
import { reduceGramInSteps } from "../l0/reduced.ts";
import type { Matrix } from "../core/matrix.ts";
import type { MultiTaskData } from "./data.ts";

/** A regression of all responses on the predictions of all tasks, without negative weights (Breiman 1996). */
export interface Stacking {
  /** One a task, >= 0. */
  readonly weights: Float64Array;
  /** Added to their sum. */
  readonly intercept: number;
}

/** Tasks that are stacked at most: each is a variable of one regression, whose cost grows with their cube. */
export const mostStacked = 250;

/** A ridge that tells apart tasks of the same predictions, as a share of their mean square. */
const tieBreaker = 1e-6;

/**
 * Stacks the fits of tasks over the samples of all of them, each task with its weight in the loss. The samples are those of
 * the fits, so that weights of tasks with many features are somewhat too large. Nothing for more than {@linkcode mostStacked}
 * tasks, and once the time is up.
 *
 * O(samples x tasks x (support + tasks) + tasks^3).
 */
export function* stackingOf(
  { prepared, features }: MultiTaskData,
  coefficients: Matrix,
  intercepts: Float64Array,
): Steps<Stacking | undefined> {
  const count = prepared.length;
  if (count > mostStacked) return undefined;
  const isDue = createPace(), means = new Float64Array(count), row = new Float64Array(count);
  const gram = Array.from({ length: count }, () => new Float64Array(count)), linear = new Float64Array(count);
  const supports = prepared.map((_, k) => {
    const own: number[] = [];
    for (let j = 0; j < features; j++) if (coefficients.data[j * count + k] !== 0) own.push(j);
    return own;
  });
  const terms = supports.reduce((sum, own) => sum + own.length, count);
  let response = 0, total = 0;
  const predict = (X: Matrix, i: number) => {
    for (let k = 0; k < count; k++) {
      let value = intercepts[k];
      for (const j of supports[k]) value += X.data[i * features + j] * coefficients.data[j * count + k];
      row[k] = value;
    }
  };
  const addProducts = (weight: number, y: number) => {
    for (let k = 0; k < count; k++) {
      const own = weight * (row[k] - means[k]);
      linear[k] += own * (y - response);
      for (let l = 0; l < count; l++) gram[k][l] += own * (row[l] - means[l]);
    }
  };
  for (const center of [true, false]) {
    for (const { X, y, weights, taskWeight, totalWeight } of prepared) {
      for (let i = 0; i < y.length; i++) {
        const weight = taskWeight * (weights ? weights[i] : 1) / totalWeight;
        predict(X, i);
        if (center) {
          total += weight;
          response += weight * y[i];
          for (let k = 0; k < count; k++) means[k] += weight * row[k];
        } else addProducts(weight, y[i]);
        if (isDue(center ? terms : terms + count * count) && (yield)) return undefined;
      }
    }
    if (!center) break;
    response /= total;
    for (let k = 0; k < count; k++) means[k] /= total;
  }
  const size = gram.reduce((sum, own, k) => sum + own[k], 0) / count;
  gram.forEach((own, k) => own[k] += tieBreaker * size + Number.MIN_VALUE);
  const reduced = size > 0 ? yield* reduceGramInSteps(gram, linear, 0) : undefined, zeros = new Float64Array(count);
  let weights: Float64Array = zeros;
  if (reduced) {
    const solved = yield* boundedLeastSquaresInSteps(reduced, zeros, zeros.map(() => Infinity), zeros);
    // What an early end leaves is no regression of all tasks.
    if (!solved.isLeast && (yield)) return undefined;
    weights = solved.coefficients;
  }
  return { weights, intercept: response - weights.reduce((sum, weight, k) => sum + weight * means[k], 0) };
}
