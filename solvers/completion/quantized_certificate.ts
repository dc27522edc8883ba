/**
 * The objective of a quantized completion and a lower bound on its optimum, by plain f64 sums.
 *
 * With `G` the derivatives of the losses at latent values `x`, `f*(G) = <G, x> - f(x)`. For any `s <= lambda / ||G||_2`,
 *
 *     F >= -f*(s G) - s^2 (||G 1||^2 + ||G^T 1||^2) / (2 mu)
 *       >= -s f*(G) + (1 - s) inf f - s^2 (||G 1||^2 + ||G^T 1||^2) / (2 mu)
 *
 * for `F = f(X + r 1^T + 1 c^T) + lambda ||X||_* + mu (||r||^2 + ||c||^2) / 2`: the trace norm takes `<s G, X>` up, the
 * minimum over `r` of `<s G 1, r> + mu ||r||^2 / 2` is `-||s G 1||^2 / (2 mu)`, and `f*` is convex with `f*(0) = -inf f`.
 *
 * @module
 */

import { binConstant, binLoss, type Link } from "../../kernels/contract/completion/link.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import { addOffsets, type Factors, type Penalties, squares } from "./factored_likelihood.ts";
import { endsOf, type Levels } from "./levels.ts";

/** What is known of factors without the spectral norm of their gradient. */
export interface Evaluation {
  /** `f + lambda (||left||^2 + ||right||^2) / 2 + mu (||r||^2 + ||c||^2) / 2`: not below the objective of the matrix. */
  readonly objective: number;
  /** Latent values of the entries. */
  readonly latent: Float64Array;
  /** `G`, one an entry. */
  readonly gradients: Float64Array;
  /** The lower bound that follows from a bound on `||G||_2` from above. */
  lowerBound(norm: number): number;
}

/** Rounding that is taken off a bound, as a share of its terms. */
const rounding = 1e-13;

/** Evaluates factors. O(entries x rank). */
export function* evaluate(
  data: Levels,
  link: Link,
  boundaries: Float64Array,
  factors: Factors,
  { lambda, offsetPenalty, offsets }: Penalties,
): Steps<Evaluation> {
  const latent = yield* latentValues(data, factors, offsets), { lower, upper } = endsOf(boundaries);
  const { levels, weights, rows, columns } = data, gradients = new Float64Array(levels.length);
  // The least loss of a level is in the middle of its bin; an open one has none.
  const least = lower.map((from, level) => {
    const to = upper[level];
    return to - from < Infinity ? binLoss(link, from, to, (from + to) / 2).loss : 0;
  });
  const constants = lower.map((from, level) => binConstant(link, from, upper[level]));
  let loss = 0, conjugate = 0, infimum = 0, magnitude = 0;
  yield* inRanges(levels.length, 20, (begin, end) => {
    for (let k = begin; k < end; k++) {
      const level = levels[k], x = latent[k], weight = weights ? weights[k] : 1;
      const terms = binLoss(link, lower[level], upper[level], x, constants[level]);
      const gradient = weight * terms.gradient;
      loss += weight * terms.loss;
      infimum += weight * least[level];
      // About the middle of the bin, where both parts are small.
      conjugate += gradient * x - weight * terms.loss;
      magnitude += Math.abs(gradient * x) + weight * terms.loss;
      gradients[k] = gradient;
    }
  });
  let objective = loss + lambda / 2 * (squares(factors.left) + squares(factors.right)), offsetTerm = 0;
  if (offsets) {
    objective += offsetPenalty / 2 * (squares(factors.rowOffsets) + squares(factors.columnOffsets));
    const rowSums = new Float64Array(data.shape[0]), columnSums = new Float64Array(data.shape[1]);
    for (let k = 0; k < gradients.length; k++) {
      rowSums[rows[k]] += gradients[k];
      columnSums[columns[k]] += gradients[k];
    }
    offsetTerm = (squares(rowSums) + squares(columnSums)) / (2 * offsetPenalty);
  }
  return {
    objective,
    latent,
    gradients,
    lowerBound(norm) {
      const share = norm > lambda ? lambda / norm : 1;
      const bound = -share * conjugate + (1 - share) * infimum - share * share * offsetTerm;
      return Math.max(infimum, bound - rounding * (magnitude + offsetTerm));
    },
  };
}

/** `left_i . right_j + r_i + c_j` for the entries, by plain sums. */
function* latentValues(data: Levels, factors: Factors, offsets: boolean): Steps<Float64Array> {
  const { rank, left, right, rowOffsets, columnOffsets } = factors, { indptr, columns } = data;
  const latent = new Float64Array(columns.length);
  if (offsets) addOffsets(latent, data, rowOffsets, columnOffsets);
  const height = indptr.length - 1;
  yield* inRanges(height, 1 + rank * columns.length / height, (begin, end) => {
    for (let i = begin; i < end; i++) {
      for (let k = indptr[i]; k < indptr[i + 1]; k++) {
        let sum = 0;
        for (let p = i * rank, q = columns[k] * rank, end = p + rank; p < end; p++, q++) sum += left[p] * right[q];
        latent[k] += sum;
      }
    }
  });
  return latent;
}
