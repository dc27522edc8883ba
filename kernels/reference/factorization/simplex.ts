import type { ExtrapolatedStepArguments, SimplexDescentArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";

/** Michelot's rounds, as `projectSimplex` has them. */
function project(x: Float64Array): void {
  let largest = -Infinity;
  for (const value of x) largest = Math.max(largest, value);
  let threshold = -Infinity;
  for (let kept = x.length + 1;;) {
    let sum = 0, count = 0;
    for (const value of x) {
      if (!(value - largest > threshold)) continue;
      sum += value - largest;
      count++;
    }
    if (!(count < kept)) break;
    kept = count;
    threshold = (sum - 1) / count;
  }
  for (let j = 0; j < x.length; j++) x[j] = Math.max(x[j] - largest - threshold, 0);
}

/** Projected gradients with momentum, column by column; points are in the precision of the factor. */
export function simplexDescent({ gram, linear, factor, step, steps }: SimplexDescentArguments): void {
  const M = matrixView(gram), P = matrixView(linear), W = matrixView(factor), rank = W.rows;
  const image = (x: Float64Array) =>
    Float64Array.from(x, (_, t) => x.reduce((sum, value, s) => sum + M.values[t * M.stride + s] * value, 0));
  for (let i = 0; i < W.columns; i++) {
    const p = Float64Array.from({ length: rank }, (_, t) => P.values[t * P.stride + i]);
    let x = Float64Array.from({ length: rank }, (_, t) => W.values[t * W.stride + i]), before = x;
    let q = image(x), imageBefore = q, momentum = 1;
    for (let k = 0; k < steps; k++) {
      const next = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2, beta = (momentum - 1) / next;
      const z = x.map((value, t) =>
        value + beta * (value - before[t]) - step * (q[t] + beta * (q[t] - imageBefore[t]) - p[t])
      );
      project(z);
      const imageOfZ = image(z);
      // The value at z less that at x: slopes less their mean, for z - x sums to zero but for rounding.
      const slopes = p.map((value, t) => imageOfZ[t] - value + (q[t] - value));
      const mean = slopes.reduce((sum, slope, t) => sum + x[t] * slope, 0);
      const change = slopes.reduce((sum, slope, t) => sum + (z[t] - x[t]) * (slope - mean), 0);
      before = x;
      imageBefore = q;
      if (change <= 0) {
        x = z;
        q = imageOfZ;
        momentum = next;
      } else momentum = 1;
    }
    for (let t = 0; t < rank; t++) W.values[t * W.stride + i] = x[t];
  }
}

/** `y - step (g - p)` of extrapolated points and images. */
export function extrapolatedStep(
  { x, before, image, imageBefore, linear, momenta, step, target }: ExtrapolatedStepArguments,
): void {
  const [X, B, Q, C, P, Z] = [x, before, image, imageBefore, linear, target].map(matrixView);
  const betas = vectorView(momenta);
  for (let i = 0; i < X.rows; i++) {
    for (let j = 0; j < X.columns; j++) {
      const point = X.values[i * X.stride + j], own = Q.values[i * Q.stride + j];
      const y = point + betas[i] * (point - B.values[i * B.stride + j]);
      const g = own + betas[i] * (own - C.values[i * C.stride + j]);
      Z.values[i * Z.stride + j] = y - step * (g - P.values[i * P.stride + j]);
    }
  }
}
