// The scale of each row and group, among candidates, whose rounding errors weigh least; contract/quantization/scales.ts has
// the mathematics.
//
// Errors and losses are computed in f64, whatever T, without fused operations: the same in both builds. A candidate is given
// up once a part of its columns has lost more than all have with another.
//
// No scratch.

import { at } from "../simd";
import { laneSum } from "../dense/vector";
import { loadPair } from "./pairs";

/** Columns after which a candidate that has lost already is given up. */
const STRIDE_OF_LOSSES: i32 = 16;

/** The best candidate, in place of s. */
// exported for f32, f64
export function quantizationScaleChoice<T>(
  columns: i32, targets: usize, targetsStride: i32, zeros: usize, zerosStride: i32,
  candidates: usize, candidatesStride: i32, scales: usize, scalesStride: i32,
  curvatures: usize, groupSize: i32, trials: i32, maximumCode: f64, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    const row = at(targets, i * targetsStride, size);
    let z = at(zeros, i * zerosStride, size), s = at(scales, i * scalesStride, size);
    let candidate = at(candidates, i * candidatesStride, size);
    for (let left = 0; left < columns; left += groupSize) {
      const low = -<f64>load<T>(z), length = min(groupSize, columns - left);
      let best = <f64>load<T>(s), least: f64 = Infinity;
      for (let k = 0; k < trials; k++) {
        const scale = <f64>load<T>(candidate);
        candidate += size;
        if (!(scale > 0)) continue;
        const loss = roundingLoss<T>(
          at(row, left, size), at(curvatures, left, 8), length, scale, low, maximumCode + low, least,
        );
        if (loss < least || (loss == least && scale > best)) {
          best = scale;
          least = loss;
        }
      }
      store<T>(s, <T>best);
      z += size;
      s += size;
    }
  }
}

/** What rounding to levels from `low` to `high` loses, or a part of it above `limit`. */
function roundingLoss<T>(
  t: usize, c: usize, length: i32, scale: f64, low: f64, high: f64, limit: f64,
): f64 {
  const size: usize = sizeof<T>(), reciprocal = 1 / scale;
  const s = f64x2.splat(scale), inverse = f64x2.splat(reciprocal), least = f64x2.splat(low), most = f64x2.splat(high);
  let first = f64x2.splat(0), second = first, loss: f64 = 0, j = 0;
  while (j <= length - 4) {
    const end = min(j + STRIDE_OF_LOSSES, length);
    for (; j <= end - 4; j += 4) {
      first = v128.add<f64>(first, lossOfPair(loadPair<T>(t), v128.load(c), s, inverse, least, most));
      second = v128.add<f64>(second, lossOfPair(loadPair<T>(at(t, 2, size)), v128.load(c, 16), s, inverse, least, most));
      t += 4 * size;
      c += 32;
    }
    loss = laneSum<f64>(v128.add<f64>(first, second));
    if (loss > limit) return loss;
  }
  for (; j < length; j++) {
    const weight = <f64>load<T>(t);
    const error = weight - scale * nearest<f64>(min<f64>(max<f64>(weight * reciprocal, low), high));
    loss += load<f64>(c) * error * error;
    t += size;
    c += 8;
  }
  return loss;
}

@inline
function lossOfPair(weights: v128, curvatures: v128, s: v128, inverse: v128, least: v128, most: v128): v128 {
  // An instruction each; what is no number stays so.
  const real = v128.pmin<f64>(v128.pmax<f64>(v128.mul<f64>(weights, inverse), least), most);
  const error = v128.sub<f64>(weights, v128.mul<f64>(s, v128.nearest<f64>(real)));
  return v128.mul<f64>(v128.mul<f64>(curvatures, error), error);
}
