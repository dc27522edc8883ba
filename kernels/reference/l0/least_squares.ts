import type { LeastSquaresDescentArguments } from "../../contract.ts";
import { minimiser } from "./penalty.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/**
 * Coordinate descent from the Gram matrix. Correlations follow each step at the active features, and at all of them at
 * the end.
 */
export function leastSquaresDescent(operands: LeastSquaresDescentArguments): number {
  const { penalty, sweeps, tolerance } = operands;
  const gram = matrixView(operands.gram);
  const features = hostView(operands.features), rows = hostView(operands.rows), kinds = hostView(operands.kinds);
  const coefficients = vectorView(operands.coefficients);
  const linear = vectorView(operands.linear), correlations = vectorView(operands.correlations);
  const count = coefficients.length;
  const gramAt = (i: number, j: number) => gram.values[rows[i] * gram.stride + features[j]];
  const step = (i: number, delta: number) => {
    for (let j = 0; j < count; j++) correlations[features[j]] -= delta * gramAt(i, j);
  };
  for (let i = 0; i < count; i++) correlations[features[i]] = linear[features[i]];
  for (let i = 0; i < count; i++) step(i, coefficients[i]);
  let sweep = 0;
  while (sweep < sweeps) {
    sweep++;
    let change = 0;
    for (let i = 0; i < count; i++) {
      const curvature = gramAt(i, i);
      const derivative = correlations[features[i]] + curvature * coefficients[i];
      const delta = minimiser(kinds[i], curvature, derivative, penalty) - coefficients[i];
      if (delta === 0) continue;
      coefficients[i] += delta;
      step(i, delta);
      change += (curvature + 2 * penalty.lambda2) * delta * delta;
    }
    if (change <= tolerance) break;
  }
  correlations.set(linear);
  for (let i = 0; i < count; i++) {
    if (coefficients[i] === 0) continue;
    for (let j = 0; j < linear.length; j++) correlations[j] -= coefficients[i] * gram.values[rows[i] * gram.stride + j];
  }
  return sweep;
}
