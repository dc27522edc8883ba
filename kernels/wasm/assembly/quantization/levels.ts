// Levels l = T / s of weights, and l (s / s') of the same weights on another grid; contract/quantization/levels.ts has
// the mathematics.
//
// Quotients and products are computed in f64, whatever T, and rounded to T: the same in both builds.
//
// No scratch.

import { at } from "../simd";
import { loadPair, oneOf, pairOf, storePair } from "./pairs";

/** T / s, in place of l. */
// exported for f32, f64
export function quantizationLevels<T>(
  columns: i32, levels: usize, levelsStride: i32, scales: usize, scalesStride: i32, groups: usize,
  targets: usize, targetsStride: i32, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    const s = at(scales, i * scalesStride, size);
    let l = at(levels, i * levelsStride, size), t = at(targets, i * targetsStride, size), j = 0;
    const only = f64x2.splat(<f64>load<T>(s));
    for (; j <= columns - 2; j += 2) {
      storePair<T>(l, v128.div<f64>(loadPair<T>(t), groups ? pairOf<T>(s, groups, j) : only));
      l += 2 * size;
      t += 2 * size;
    }
    if (j < columns) store<T>(l, <T>(<f64>load<T>(t) / oneOf<T>(s, groups, j)));
  }
}

/** l (s / s'), in place of l. */
// exported for f32, f64
export function quantizationRegrid<T>(
  columns: i32, levels: usize, levelsStride: i32, scales: usize, scalesStride: i32, groups: usize,
  next: usize, nextStride: i32, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    const s = at(scales, i * scalesStride, size), n = at(next, i * nextStride, size);
    let l = at(levels, i * levelsStride, size), j = 0;
    const only = f64x2.splat(<f64>load<T>(s) / <f64>load<T>(n));
    for (; j <= columns - 2; j += 2) {
      const ratio = groups ? v128.div<f64>(pairOf<T>(s, groups, j), pairOf<T>(n, groups, j)) : only;
      storePair<T>(l, v128.mul<f64>(loadPair<T>(l), ratio));
      l += 2 * size;
    }
    if (j < columns) {
      store<T>(l, <T>(<f64>load<T>(l) * (oneOf<T>(s, groups, j) / oneOf<T>(n, groups, j))));
    }
  }
}
