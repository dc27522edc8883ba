/** The samples that a fold is fitted to, and those that it predicts. @module */

import { type Matrix, matrix, type Vector } from "../core/matrix.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import type { RegressionPathPoint } from "./path.ts";
import { squaredError } from "./selection.ts";

/** Samples and responses. */
export interface FoldData {
  readonly X: Matrix;
  readonly y: Vector;
}

/** Some samples, and the sum of their weights. */
interface Part extends FoldData {
  readonly weights?: Float64Array;
  readonly total: number;
}

/** What a fold is fitted to, and what it predicts. */
export function* divide(
  data: FoldData,
  held: readonly number[],
  weights?: Vector,
): Steps<{ training: Part; test: Part }> {
  const isOut = new Uint8Array(data.y.length), kept: number[] = [];
  for (const row of held) isOut[row] = 1;
  isOut.forEach((out, row) => {
    if (!out) kept.push(row);
  });
  return { training: yield* rowsOf(data, kept, weights), test: yield* rowsOf(data, held, weights) };
}

function* rowsOf({ X, y }: FoldData, rows: readonly number[], weights?: Vector): Steps<Part> {
  const features = X.shape[1], data = new Float64Array(rows.length * features);
  yield* inRanges(rows.length, features, (begin, end) => {
    for (let i = begin; i < end; i++) {
      data.set(X.data.subarray(rows[i] * features, (rows[i] + 1) * features), i * features);
    }
  });
  const own = weights && Float64Array.from(rows, (row) => weights[row]);
  return {
    X: matrix(rows.length, features, data),
    y: Float64Array.from(rows, (row) => y[row]),
    weights: own,
    total: totalOf(rows.length, own),
  };
}

/** Mean squared error of prediction. */
export function* errorOf(point: RegressionPathPoint, { X, y, weights, total }: Part): Steps<number> {
  let sum = 0;
  yield* inRanges(y.length, 2 * point.support.length + 2, (begin, end) => {
    sum += squaredError(point, X, y, { weights, begin, end });
  });
  return sum / total;
}

/** The sum of the weights; the number of samples where each counts once. */
export function totalOf(samples: number, weights?: Vector): number {
  if (!weights) return samples;
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum;
}
