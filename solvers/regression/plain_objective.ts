import type { Matrix, Vector } from "../core/matrix.ts";
import { type L0Penalty, penaltyAt } from "../l0/penalty.ts";
import type { Standardization } from "./least_squares.ts";

/** An answer in the units of the data, and its scaled coefficients, which the penalty is on. */
interface Answer {
  readonly coefficients: Float64Array;
  readonly intercept: number;
  readonly support: Uint32Array;
  readonly scaled: Float64Array;
}

/**
 * The objective of an answer from the caller's own data, in plain f64, and how far rounding may separate it from what the
 * kernels have: with `u` the unit of rounding, a residual of `k` terms of total magnitude `m` is off by `k u m`, and the
 * loss from the Gram matrix by `(samples + k) u (||y|| + sum_j |b_j| ||x_j||)^2` (Higham 2002, section 3.1).
 *
 * O(samples x support).
 */
export function plainObjective(
  X: Matrix,
  y: Vector,
  { coefficients, intercept, support, scaled }: Answer,
  { means, responseMean }: Standardization,
  penalty: L0Penalty,
  problem: { readonly nullLoss: number; readonly squaredNorms: Float64Array; readonly features: readonly number[] },
): { objective: number; rounding: number } {
  const [samples, features] = X.shape;
  const terms = support.length + 4, unit = Number.EPSILON;
  let shift = Math.abs(responseMean);
  for (const feature of support) shift += Math.abs(means[feature] * coefficients[feature]);
  let objective = scaled.reduce((sum, x) => sum + penaltyAt(x, penalty), 0), rounding = 0;
  for (let i = 0; i < samples; i++) {
    let residual = y[i] - intercept, magnitude = Math.abs(y[i]) + shift;
    for (const feature of support) {
      const part = X.data[i * features + feature] * coefficients[feature];
      residual -= part;
      magnitude += Math.abs(part);
    }
    objective += residual * residual / 2;
    const off = terms * unit * magnitude;
    rounding += off * (Math.abs(residual) + off);
  }
  let size = Math.sqrt(2 * problem.nullLoss);
  problem.features.forEach((feature, i) => size += Math.abs(scaled[i]) * Math.sqrt(problem.squaredNorms[feature]));
  return { objective, rounding: rounding + (samples + terms) * unit * (size * size + objective) };
}
