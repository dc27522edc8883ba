// Single steps of the descents on the pseudolikelihood, whatever gives them the products y_j . r_i.

import { f64At } from "./memory";
import { minimiser, Penalty } from "./penalty";

/** The minimiser of -log t + s t + rest / t, where rest is ||r_i||^2 without y_i's part. */
@inline
export function diagonalMinimiser(s: f64, old: f64, product: f64, norm: f64): f64 {
  const rest = max<f64>(0, norm - 2 * old * product + old * old * s);
  return (1 + sqrt(1 + 4 * s * rest)) / (2 * s);
}

/** Moves t_ij to its minimiser and both norms along; records and returns the step. */
@inline
export function stepEdge(
  e: i32, i: i32, j: i32, si: f64, sj: f64, ti: f64, tj: f64, ij: f64, ji: f64,
  kinds: usize, values: usize, norms: usize, changes: usize, penalty: Penalty,
): f64 {
  const old = load<f64>(f64At(values, e));
  const curvature = 2 * (sj / ti + si / tj);
  const derivative = curvature * old - 2 * (ij / ti + ji / tj);
  const delta = minimiser(load<u8>(kinds + e), curvature, derivative, penalty) - old;
  store<f64>(f64At(changes, e), (curvature + 2 * penalty.lambda2) * delta * delta);
  if (delta == 0) return 0;
  store<f64>(f64At(values, e), old + delta);
  store<f64>(f64At(norms, i), load<f64>(f64At(norms, i)) + delta * (2 * ij + delta * sj));
  store<f64>(f64At(norms, j), load<f64>(f64At(norms, j)) + delta * (2 * ji + delta * si));
  return delta;
}

/** Moves t_ii to its minimiser, where product = y_i . r_i; records and returns the step. */
@inline
export function stepDiagonal(
  i: i32, s: f64, product: f64, diagonal: usize, norms: usize, diagonalProducts: usize, changes: usize,
): f64 {
  const old = load<f64>(f64At(diagonal, i)), norm = load<f64>(f64At(norms, i));
  const fresh = diagonalMinimiser(s, old, product, norm), delta = fresh - old;
  store<f64>(f64At(diagonal, i), fresh);
  store<f64>(f64At(norms, i), norm + delta * (2 * product + delta * s));
  store<f64>(f64At(diagonalProducts, i), product + delta * s);
  store<f64>(f64At(changes, i), (delta / fresh) * (delta / fresh));
  return delta;
}

/** Whether the changes add up to at most the tolerance; always summed in this order. */
export function changesWithin_f64(count: i32, changes: usize, tolerance: f64): i32 {
  let sum: f64 = 0;
  for (let k: i32 = 0; k < count; k++) sum += load<f64>(f64At(changes, k));
  return i32(sum <= tolerance);
}
