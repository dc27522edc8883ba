// Coordinate descent for least squares from the Gram matrix. All matrices f64, row-major; all arrays owned by the
// caller.

import { GATHER_COST } from "../../../contract/l0/constants";
import { axpyInline } from "../dense/vector";
import { f64At, u32At } from "./memory";
import { minimiser, Penalty } from "./penalty";

/**
 * `correlations[features] -= delta gramRow[features]`: a step seen by the active features, or by all where that is
 * faster.
 */
@inline
export function stepActive(
  count: i32,
  featureCount: i32,
  delta: f64,
  gramRow: usize,
  features: usize,
  correlations: usize,
): void {
  if (featureCount <= GATHER_COST * count) {
    axpyInline<f64>(featureCount, -delta, gramRow, correlations);
    return;
  }
  for (let j: i32 = 0; j < count; j++) {
    const feature = u32At(features, j);
    const at = f64At(correlations, feature);
    store<f64>(at, load<f64>(at) - delta * load<f64>(f64At(gramRow, feature)));
  }
}

export function leastSquaresDescent_f64(
  count: i32,
  featureCount: i32,
  gram: usize,
  gramStride: i32,
  features: usize,
  rows: usize,
  kinds: usize,
  coefficients: usize,
  linear: usize,
  correlations: usize,
  penalty: Penalty,
  sweeps: i32,
  tolerance: f64,
): i32 {
  const strideBytes = <usize> gramStride << 3;
  for (let i: i32 = 0; i < count; i++) {
    const feature = u32At(features, i);
    store<f64>(f64At(correlations, feature), load<f64>(f64At(linear, feature)));
  }
  for (let i: i32 = 0; i < count; i++) {
    const value = load<f64>(f64At(coefficients, i));
    if (value != 0) stepActive(count, featureCount, value, gram + <usize> u32At(rows, i) * strideBytes, features, correlations);
  }
  let sweep: i32 = 0;
  while (sweep < sweeps) {
    sweep++;
    let change: f64 = 0;
    for (let i: i32 = 0; i < count; i++) {
      const feature = u32At(features, i);
      const gramRow = gram + <usize> u32At(rows, i) * strideBytes;
      const curvature = load<f64>(f64At(gramRow, feature));
      const old = load<f64>(f64At(coefficients, i));
      const derivative = load<f64>(f64At(correlations, feature)) + curvature * old;
      const delta = minimiser(load<u8>(kinds + i), curvature, derivative, penalty) - old;
      if (delta == 0) continue;
      store<f64>(f64At(coefficients, i), old + delta);
      stepActive(count, featureCount, delta, gramRow, features, correlations);
      change += (curvature + 2 * penalty.lambda2) * delta * delta;
    }
    if (change <= tolerance) break;
  }
  memory.copy(correlations, linear, <usize> featureCount << 3);
  for (let i: i32 = 0; i < count; i++) {
    const value = load<f64>(f64At(coefficients, i));
    if (value != 0) axpyInline<f64>(featureCount, -value, gram + <usize> u32At(rows, i) * strideBytes, correlations);
  }
  return sweep;
}
