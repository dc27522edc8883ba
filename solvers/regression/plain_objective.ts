import { noticeableRounding, squaredResiduals } from "../core/precise_sums.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import type { RegressionData } from "./data.ts";
import type { Vector } from "../core/matrix.ts";
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
  const own = (values: Float64Array) => Float64Array.from(support, (feature) => values[feature]);
  const chosen = { support, means: own(means), tails: own(tails), coefficients: own(coefficients) };
  let loss = 0, rounding = 0;
  yield* inRanges(samples, terms, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const root = (roots ? roots[i] : 1) / responseScale;
      const { residual, magnitude } = residualOf(X.data, i * features, y[i] - responseMean - responseTail, chosen);
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

/** What the coefficients leave of one response, and the total magnitude of its terms; the sample begins at `from`. */
function residualOf(
  data: Vector,
  from: number,
  response: number,
  { support, means, tails, coefficients }: Omit<Answer, "intercept"> & Pick<RegressionData, "means" | "tails">,
): { residual: number; magnitude: number } {
  let residual = response, magnitude = Math.abs(response);
  for (let k = 0; k < support.length; k++) {
    const part = (data[from + support[k]] - means[k] - tails[k]) * coefficients[k];
    residual -= part;
    magnitude += Math.abs(part);
  }
  return { residual, magnitude };
}
