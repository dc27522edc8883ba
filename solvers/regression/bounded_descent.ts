import type { L0Penalty } from "../l0/penalty.ts";
import type { Constraints } from "./data.ts";

/** A descent where coefficients have bounds of their own, which the kernels do not know. */
export interface BoundedDescent {
  /** Gram rows of all features, and where in them those of each chosen one begin. */
  readonly gram: Float64Array;
  readonly rows: readonly number[];
  readonly features: readonly number[];
  /** `X^T y`. */
  readonly linear: Float64Array;
  readonly constraints: Constraints;
  readonly penalty: L0Penalty;
  readonly sweeps: number;
  readonly tolerance: number;
}

/**
 * Coordinate descent on the penalty within bounds, in plain loops: each coefficient goes to the best place between its
 * bounds, or to 0 where that is not worth the price. Overwrites the coefficients; returns the sweeps made.
 */
export function boundedDescent(
  { gram, rows, features, linear, constraints, penalty, sweeps, tolerance }: BoundedDescent,
  coefficients: Float64Array,
): number {
  const { lower, upper, isAlways } = constraints, { lambda0, lambda2 } = penalty, count = features.length;
  const correlations = Float64Array.from(features, (feature) => linear[feature]);
  const step = (i: number, delta: number) => {
    for (let k = 0; k < count; k++) correlations[k] -= delta * gram[rows[i] + features[k]];
  };
  coefficients.forEach((value, i) => {
    coefficients[i] = Math.min(Math.max(value, lower[features[i]]), upper[features[i]]);
    if (coefficients[i] !== 0) step(i, coefficients[i]);
  });
  for (let sweep = 1; sweep <= sweeps; sweep++) {
    let change = 0;
    for (let i = 0; i < count; i++) {
      const feature = features[i], curvature = gram[rows[i] + feature] + 2 * lambda2;
      const derivative = correlations[i] + gram[rows[i] + feature] * coefficients[i];
      let value = curvature > 0 ? Math.min(Math.max(derivative / curvature, lower[feature]), upper[feature]) : 0;
      const price = isAlways[feature] ? -Infinity : lambda0;
      if (derivative * value - curvature * value * value / 2 <= price) value = 0;
      const delta = value - coefficients[i];
      if (delta === 0) continue;
      coefficients[i] = value;
      step(i, delta);
      change += curvature * delta * delta;
    }
    if (change <= tolerance) return sweep;
  }
  return sweeps;
}
