/** Sums as if in twice the precision of f64. @module */

import type { Matrix, Vector } from "./matrix.ts";
import { inRanges, type Steps } from "./steps.ts";

/** Share of an objective that rounding may take before its residuals are summed in twice the precision. */
export const noticeableRounding = 1e-10;

/** A linear fit and the samples that it is judged on. */
export interface LinearFit {
  readonly X: Matrix;
  readonly y: Vector;
  /** Weight of a sample, and the sum of all. */
  readonly weightOf: (sample: number) => number;
  readonly totalWeight: number;
  readonly support: Uint32Array;
  /** One a feature. */
  readonly coefficients: Float64Array;
  /** About what is left without it. */
  readonly intercept: number;
  /** Whether the intercept is fitted: the squares are then those about the mean, whatever it was rounded to. */
  readonly centred: boolean;
  /** What residuals are divided by before they are squared. */
  readonly scale: number;
}

/** Weighted sum of the squared residuals of a fit, where its terms cancel. O(samples x support), some 25 operations a term. */
export function* squaredResiduals(
  { X: { data, shape: [samples, features] }, y, weightOf, totalWeight, support, coefficients, ...fit }: LinearFit,
): Steps<number> {
  const residuals = new Float64Array(samples);
  let total = 0, squares = 0;
  yield* inRanges(samples, 25 * (support.length + 1), (begin, end) => {
    for (let i = begin; i < end; i++) {
      const rest = differenceOfProducts(y[i], fit.intercept, data, i * features, support, coefficients);
      total += weightOf(i) * (residuals[i] = rest / fit.scale);
    }
  });
  const mean = fit.centred ? total / totalWeight : 0;
  yield* inRanges(samples, 5, (begin, end) => {
    for (let i = begin; i < end; i++) squares += weightOf(i) * (residuals[i] - mean) ** 2;
  });
  return squares;
}

/** Splits a number into two halves of its digits (Dekker 1971). */
const splitter = 2 ** 27 + 1;

/**
 * `value - shift - sum_j row_j factors_j` over some places `j`, rounded once: what each sum and product loses is gathered
 * beside it (Ogita, Rump & Oishi 2005, algorithm 5.3). Some 25 operations a place; for numbers below 1e290.
 *
 * @param from Where the row begins.
 */
function differenceOfProducts(
  value: number,
  shift: number,
  row: ArrayLike<number>,
  from: number,
  places: Uint32Array,
  factors: Float64Array,
): number {
  let sum = value - shift;
  const first = sum - value;
  let lost = value - (sum - first) - (shift + first);
  for (let k = 0; k < places.length; k++) {
    const a = row[from + places[k]], b = -factors[places[k]], product = a * b;
    const splitA = splitter * a, splitB = splitter * b;
    const highA = splitA - (splitA - a), highB = splitB - (splitB - b), lowA = a - highA, lowB = b - highB;
    const next = sum + product, added = next - sum;
    lost += lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
    lost += sum - (next - added) + (product - added);
    sum = next;
  }
  return sum + lost;
}
