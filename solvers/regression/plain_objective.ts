import { differenceOfProducts } from "../core/precise_sums.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import type { RegressionData } from "./data.ts";
import type { SparseStart } from "./least_squares.ts";

/** The coefficients of an answer as the caller gets them. */
interface Answer {
  readonly coefficients: Float64Array;
  readonly support: Uint32Array;
  readonly intercept: number;
}

/** Share of the objective that rounding may take before the residuals are summed in twice the precision. */
const noticeable = 1e-10;

/**
 * Loss and ridge of an answer from the caller's own data, in plain f64, and how far rounding may separate them from what the
 * kernels have: with `u` the unit of rounding, a residual of `k` terms of total magnitude `m` is off by `k u m`, and the
 * loss from the Gram matrix by `(samples + k) u (||y|| + sum_j |b_j| ||x_j||)^2` (Higham 2002, section 3.1). Where terms
 * cancel, so that this would be seen, the residuals are those of twice the precision. In the units of the scaled response;
 * the intercept is the one at which the residuals' mean is 0.
 *
 * O(samples x support).
 */
export function* plainObjective(
  data: RegressionData,
  answer: Answer,
  scaled: SparseStart,
  price: number,
  problem: { readonly nullLoss: number; readonly squaredNorms: Float64Array },
): Steps<{ objective: number; rounding: number }> {
  const { X, y, roots, means, tails, responseMean, responseTail, responseScale } = data;
  const { coefficients, support } = answer;
  const [samples, features] = X.shape, terms = support.length + 4, unit = Number.EPSILON;
  let loss = 0, rounding = 0;
  yield* inRanges(samples, terms, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const root = (roots ? roots[i] : 1) / responseScale;
      let residual = y[i] - responseMean - responseTail, magnitude = Math.abs(residual);
      for (const feature of support) {
        const part = (X.data[i * features + feature] - means[feature] - tails[feature]) * coefficients[feature];
        residual -= part;
        magnitude += Math.abs(part);
      }
      loss += (residual * root) ** 2 / 2;
      const off = terms * unit * magnitude * root;
      rounding += off * (Math.abs(residual) * root + off);
    }
  });
  if (rounding > noticeable * (price + loss)) loss = yield* preciseLoss(data, answer);
  const objective = price + loss;
  let size = Math.sqrt(2 * problem.nullLoss);
  for (let k = 0; k < scaled.features.length; k++) {
    size += Math.abs(scaled.coefficients[k]) * Math.sqrt(problem.squaredNorms[scaled.features[k]]);
  }
  return { objective, rounding: rounding + (samples + terms) * unit * (size * size + objective) };
}

/** The loss of residuals that are summed in twice the precision. */
function* preciseLoss(
  { X, y, roots, totalWeight, responseScale, intercept: fitted }: RegressionData,
  { coefficients, support, intercept }: Answer,
): Steps<number> {
  const [samples, features] = X.shape, residuals = new Float64Array(samples), work = 20 * (support.length + 1);
  let sum = 0;
  yield* inRanges(samples, work, (begin, end) => {
    for (let i = begin; i < end; i++) {
      residuals[i] = differenceOfProducts(y[i], intercept, X.data, i * features, support, coefficients) / responseScale;
      sum += (roots ? roots[i] ** 2 : 1) * residuals[i];
    }
  });
  // What the intercept lacks of the one at which the mean is 0.
  const mean = fitted ? sum / totalWeight : 0;
  let loss = 0;
  yield* inRanges(samples, 4, (begin, end) => {
    for (let i = begin; i < end; i++) loss += ((roots ? roots[i] : 1) * (residuals[i] - mean)) ** 2 / 2;
  });
  return loss;
}
