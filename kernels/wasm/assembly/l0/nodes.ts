// What the batches of branch-and-bound nodes share: how a round ends, and screening. States are rows of four f64.
import { f64At } from "./memory";
import { keptConjugate, relaxedConjugate } from "./penalty";

@inline
export const FREE: u8 = 0;
@inline
export const KEPT: u8 = 1;
@inline
export const ZERO: u8 = 2;
@inline
const SCREENED_KEPT: u8 = 3;
@inline
const SCREENED_ZERO: u8 = 4;

/** Byte offsets of the words of a state. */
@inline
export const BOUND: usize = 0;
@inline
export const TOLERANCE: usize = 8;
@inline
export const OBJECTIVE: usize = 16;
@inline
export const FIXINGS: usize = 24;
@inline
export const STATE_BYTES: usize = 32;

/** Kind of a counted coordinate of the descents. */
@inline
export const COUNTED: u8 = 2;

/** Sweeps of one round, and of the descent on the penalty itself. */
@inline
export const ROUND_SWEEPS: i32 = 200;
@inline
export const SUPPORT_SWEEPS: i32 = 100;

/** Offset of an array of `bytes` placed in scratch after `offset`: 16-byte aligned. */
@inline
export function after(offset: usize, bytes: usize): usize {
  return (offset + bytes + 15) & ~15;
}

/** Whether the duality gap of a relaxation needs no closing. */
@inline
export function closed(
  primal: f64,
  bound: f64,
  upperBound: f64,
  isSolution: bool,
  nodePrecision: f64,
  leafPrecision: f64,
  slack: f64,
): bool {
  const allowed = isSolution
    ? leafPrecision * abs(primal)
    : max(nodePrecision * abs(primal), slack * (upperBound - primal));
  return primal - bound <= allowed;
}

/** Fixes what no solution below `upperBound` can have otherwise; returns how many variables that were. */
export function screen(
  variables: i32,
  statuses: usize,
  gradient: usize,
  bound: f64,
  upperBound: f64,
  lambda0: f64,
  lambda2: f64,
  box: f64,
  threshold: f64,
): i32 {
  let fixed: i32 = 0;
  for (let j: i32 = 0; j < variables; j++) {
    if (load<u8>(statuses + j) != FREE) continue;
    const derivative = load<f64>(f64At(gradient, j));
    const relaxed = relaxedConjugate(derivative, lambda0, lambda2, box, threshold);
    if (bound + relaxed > upperBound) {
      store<u8>(statuses + j, SCREENED_KEPT);
      fixed++;
    } else if (bound + relaxed - keptConjugate(derivative, lambda0, lambda2, box) > upperBound) {
      store<u8>(statuses + j, SCREENED_ZERO);
      fixed++;
    }
  }
  return fixed;
}
