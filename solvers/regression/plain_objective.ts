import { noticeableRounding, squaredResiduals } from "../core/precise_sums.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import type { RegressionData } from "./data.ts";
import type { SparseStart } from "./least_squares.ts";

/** The coefficients of an answer as the caller gets them. */
interface Answer {
  readonly coefficients: Float64Array;
  readonly support: Uint32Array;
  readonly intercept: number;
}

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
  if (rounding > noticeableRounding * (price + loss)) {
    const weightOf = (i: number) => roots ? roots[i] ** 2 : 1;
    loss = (yield* squaredResiduals({ ...data, ...answer, weightOf, centred: data.intercept, scale: responseScale })) /
      2;
  }
  const objective = price + loss;
  let size = Math.sqrt(2 * problem.nullLoss);
  for (let k = 0; k < scaled.features.length; k++) {
    size += Math.abs(scaled.coefficients[k]) * Math.sqrt(problem.squaredNorms[scaled.features[k]]);
  }
  return { objective, rounding: rounding + (samples + terms) * unit * (size * size + objective) };
}
