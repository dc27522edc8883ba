import type { GraphDescentArguments, L0Penalty, RegressionDescentArguments } from "../spec.ts";
import { penaltyKinds } from "../spec/l0.ts";
import { hostView, matrixView, vectorView } from "./operands.ts";

/** The minimiser of `A x^2 / 2 - C x + g(x)` over `|x| <= bound`. */
export function minimiser(kind: number, curvature: number, slope: number, penalty: L0Penalty): number {
  const { lambda0, lambda2, bound, threshold, ratio } = penalty;
  const magnitude = Math.abs(slope);
  if (magnitude === 0 || (kind === penaltyKinds.relaxed && magnitude <= threshold)) return 0;
  let x = Math.min(magnitude / (curvature + 2 * lambda2), bound);
  if (kind === penaltyKinds.relaxed) {
    const linear = (magnitude - threshold) / curvature;
    // The two pieces of psi meet at ratio, where both formulas agree: one comparison tells them apart.
    if (!(ratio <= bound && linear > ratio)) x = Math.min(linear, bound);
  } else if (kind === penaltyKinds.counted) {
    const gain = magnitude * x - (curvature / 2 + lambda2) * x * x - lambda0;
    if (!(gain > 0)) return 0;
  }
  return slope < 0 ? -x : x;
}

/** The minimiser of the data term in `t_ii = old`, where `own = y_i . r_i` and `norm = ||r_i||^2`. */
export function diagonalMinimiser(s: number, old: number, own: number, norm: number): number {
  // Squared norm of r_i without y_i's part: -log t + s t + rest / t remains.
  const rest = Math.max(0, norm - 2 * old * own + old * old * s);
  return (1 + Math.sqrt(1 + 4 * s * rest)) / (2 * s);
}

/** Coordinate descent from the Gram matrix. Correlations follow each step at the active features, and at all of them at the end. */
export function regressionDescent(operands: RegressionDescentArguments): number {
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
      const slope = correlations[features[i]] + curvature * coefficients[i];
      const delta = minimiser(kinds[i], curvature, slope, penalty) - coefficients[i];
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

/** Sweeps after which `T S` is computed afresh, so that rounding errors of the updates do not pile up. */
const refreshEvery = 16;

/** Coordinate descent from the Gram matrix; `products` follow each step, and are computed afresh now and then. */
export function graphDescent(operands: GraphDescentArguments): number {
  const { penalty, sweeps, tolerance } = operands;
  const gram = matrixView(operands.gram), products = matrixView(operands.products);
  const ends = hostView(operands.ends), kinds = hostView(operands.kinds);
  const values = vectorView(operands.values), diagonal = vectorView(operands.diagonal);
  const norms = vectorView(operands.norms);
  const vertices = diagonal.length, edges = values.length;
  const gramAt = (i: number, j: number) => gram.values[i * gram.stride + j];
  const productAt = (i: number, j: number) => products.values[i * products.stride + j];
  const add = (i: number, j: number, delta: number) => {
    for (let k = 0; k < vertices; k++) products.values[i * products.stride + k] += delta * gramAt(j, k);
  };
  const refresh = () => {
    for (let i = 0; i < vertices; i++) {
      for (let k = 0; k < vertices; k++) products.values[i * products.stride + k] = diagonal[i] * gramAt(i, k);
    }
    for (let e = 0; e < edges; e++) {
      if (values[e] === 0) continue;
      add(ends[2 * e], ends[2 * e + 1], values[e]);
      add(ends[2 * e + 1], ends[2 * e], values[e]);
    }
    for (let i = 0; i < vertices; i++) norms[i] = diagonal[i] * productAt(i, i);
    for (let e = 0; e < edges; e++) {
      const i = ends[2 * e], j = ends[2 * e + 1];
      norms[i] += values[e] * productAt(i, j);
      norms[j] += values[e] * productAt(j, i);
    }
  };
  refresh();
  let sweep = 0;
  while (sweep < sweeps) {
    sweep++;
    let change = 0;
    for (let e = 0; e < edges; e++) {
      const i = ends[2 * e], j = ends[2 * e + 1];
      const si = gramAt(i, i), sj = gramAt(j, j);
      const curvature = 2 * (sj / diagonal[i] + si / diagonal[j]);
      const slope = curvature * values[e] - 2 * (productAt(i, j) / diagonal[i] + productAt(j, i) / diagonal[j]);
      const delta = minimiser(kinds[e], curvature, slope, penalty) - values[e];
      if (delta === 0) continue;
      values[e] += delta;
      norms[i] += delta * (2 * productAt(i, j) + delta * sj);
      norms[j] += delta * (2 * productAt(j, i) + delta * si);
      add(i, j, delta);
      add(j, i, delta);
      change += (curvature + 2 * penalty.lambda2) * delta * delta;
    }
    for (let i = 0; i < vertices; i++) {
      const s = gramAt(i, i), old = diagonal[i];
      const delta = diagonalMinimiser(s, old, productAt(i, i), norms[i]) - old;
      diagonal[i] += delta;
      norms[i] += delta * (2 * productAt(i, i) + delta * s);
      add(i, i, delta);
      change += (delta / diagonal[i]) ** 2;
    }
    if (sweep % refreshEvery === 0) refresh();
    if (change <= tolerance) break;
  }
  const own = vectorView(operands.own);
  for (let i = 0; i < vertices; i++) own[i] = productAt(i, i);
  return sweep;
}
