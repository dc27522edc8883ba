// Losses of `rows` samples of `n` scores, their gradients and the derivatives of those. `samples` u32 says which sample a
// row is; targets and weights are f64 by sample. The gradient of the mean: each row by its weight over `rows`.

import { LOGISTIC, SOFTMAX } from "../../../contract/training/constants";
import { exponential, logarithm, logarithmAbove } from "../elementary";
import { at } from "../simd";
import { exponentials, largestOf } from "./activation";

@inline
function byWord(p: usize, i: i32): i32 {
  return load<i32>(p + (<usize> i << 2));
}

@inline
function byDouble(p: usize, i: i32): f64 {
  return load<f64>(p + (<usize> i << 3));
}

/** Mean loss; d = its gradient in the scores z. */
export function lossGradient<T>(
  loss: i32, rows: i32, n: i32, samples: usize, targets: usize, weights: usize, z: usize, d: usize,
): f64 {
  const row = <usize> n * sizeof<T>();
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const sample = byWord(samples, i), target = byDouble(targets, sample), weight = byDouble(weights, sample);
    sum += weight * rowLoss<T>(loss, n, z, target, d);
    const factor = <T> (weight / <f64> rows);
    for (let j = 0; j < n; j++) {
      const place = at(d, j, sizeof<T>());
      store<T>(place, load<T>(place) * factor);
    }
    z += row;
    d += row;
  }
  return rows > 0 ? sum / <f64> rows : 0;
}

/** The same, and rd = the derivative of d where that of z is rz. */
export function lossTangent<T>(
  loss: i32, rows: i32, n: i32, samples: usize, targets: usize, weights: usize, z: usize, rz: usize, d: usize, rd: usize,
): f64 {
  const row = <usize> n * sizeof<T>();
  let sum: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const sample = byWord(samples, i), target = byDouble(targets, sample), weight = byDouble(weights, sample);
    sum += weight * rowLoss<T>(loss, n, z, target, d);
    const factor = weight / <f64> rows;
    let mean: f64 = 0;
    if (loss == SOFTMAX) {
      for (let j = 0; j < n; j++) mean += probability<T>(d, j, target) * <f64> load<T>(at(rz, j, sizeof<T>()));
    }
    for (let j = 0; j < n; j++) {
      const place = at(d, j, sizeof<T>()), change = <f64> load<T>(at(rz, j, sizeof<T>()));
      let curvature: f64 = 1, value = change;
      if (loss == SOFTMAX) {
        curvature = probability<T>(d, j, target);
        value = change - mean;
      } else if (loss == LOGISTIC) {
        const p = <f64> load<T>(place) + target;
        curvature = p * (1 - p);
      }
      store<T>(at(rd, j, sizeof<T>()), <T> (curvature * value * factor));
      store<T>(place, <T> (<f64> load<T>(place) * factor));
    }
    z += row;
    rz += row;
    d += row;
    rd += row;
  }
  return rows > 0 ? sum / <f64> rows : 0;
}

@inline
function probability<T>(d: usize, j: i32, target: f64): f64 {
  return <f64> load<T>(at(d, j, sizeof<T>())) + (<f64> j == target ? 1.0 : 0.0);
}

/** Loss of one row; d = its gradient. */
function rowLoss<T>(loss: i32, n: i32, z: usize, target: f64, d: usize): f64 {
  if (loss == SOFTMAX) {
    const largest = largestOf<T>(n, z);
    const sum = exponentials<T>(n, z, largest, d), inverse = <T> (1 / sum);
    for (let j = 0; j < n; j++) {
      const place = at(d, j, sizeof<T>());
      store<T>(place, load<T>(place) * inverse);
    }
    const own = at(d, <i32> target, sizeof<T>());
    store<T>(own, load<T>(own) - 1);
    return logarithm(sum) + (<f64> largest - <f64> load<T>(at(z, <i32> target, sizeof<T>())));
  }
  const value = <f64> load<T>(z);
  if (loss == LOGISTIC) {
    const e = exponential(-abs(value)), p = value < 0 ? e / (1 + e) : 1 / (1 + e);
    store<T>(d, <T> (p - target));
    return max(value, 0.0) + logarithmAbove(e) - target * value;
  }
  store<T>(d, <T> (value - target));
  return (value - target) * (value - target) / 2;
}
