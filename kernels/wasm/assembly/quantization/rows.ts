// What solvers ask of rows between the passes: errors, objectives, codes, and the better of two states;
// contract/quantization has the mathematics.
//
// Errors and objectives are computed in f64, whatever T: products of f32 are exact there, so that errors are rounded
// once and are the same in both builds. A row's sum is taken in an order that its columns give, whatever the range.
//
// No scratch.

import { at, multiplyAdd } from "../simd";
import { laneSum } from "../dense/vector";
import { loadPair, oneOf, pairOf, storePair } from "./pairs";

/** T - s l, in place of T. */
// exported for f32, f64
export function quantizationErrors<T>(
  columns: i32, levels: usize, levelsStride: i32, scales: usize, scalesStride: i32, groups: usize,
  targets: usize, targetsStride: i32, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    const s = at(scales, i * scalesStride, size);
    let l = at(levels, i * levelsStride, size), t = at(targets, i * targetsStride, size), j = 0;
    const only = f64x2.splat(<f64>load<T>(s));
    for (; j <= columns - 4; j += 4) {
      const low = difference(loadPair<T>(t), groups ? pairOf<T>(s, groups, j) : only, loadPair<T>(l));
      const high = difference(
        loadPair<T>(at(t, 2, size)), groups ? pairOf<T>(s, groups, j + 2) : only, loadPair<T>(at(l, 2, size)),
      );
      storePair<T>(t, low);
      storePair<T>(at(t, 2, size), high);
      l += 4 * size;
      t += 4 * size;
    }
    for (; j < columns; j++) {
      store<T>(t, <T>(<f64>load<T>(t) - oneOf<T>(s, groups, j) * <f64>load<T>(l)));
      l += size;
      t += size;
    }
  }
}

/** The sum over columns of (T - s l) G c. */
// exported for f32, f64
export function quantizationObjectives<T>(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  scales: usize, scalesStride: i32, groups: usize, targets: usize, targetsStride: i32,
  curvatures: usize, objectives: usize, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    const s = at(scales, i * scalesStride, size);
    let l = at(levels, i * levelsStride, size), g = at(residual, i * residualStride, size);
    let t = at(targets, i * targetsStride, size), c = curvatures, j = 0;
    const only = f64x2.splat(<f64>load<T>(s));
    let low = f64x2.splat(0), high = low;
    for (; j <= columns - 4; j += 4) {
      const first = difference(loadPair<T>(t), groups ? pairOf<T>(s, groups, j) : only, loadPair<T>(l));
      const second = difference(
        loadPair<T>(at(t, 2, size)), groups ? pairOf<T>(s, groups, j + 2) : only, loadPair<T>(at(l, 2, size)),
      );
      low = multiplyAdd<f64>(v128.mul<f64>(first, loadPair<T>(g)), v128.load(c), low);
      high = multiplyAdd<f64>(v128.mul<f64>(second, loadPair<T>(at(g, 2, size))), v128.load(c, 16), high);
      l += 4 * size;
      g += 4 * size;
      t += 4 * size;
      c += 32;
    }
    let sum = laneSum<f64>(v128.add<f64>(low, high));
    for (; j < columns; j++) {
      const error = <f64>load<T>(t) - oneOf<T>(s, groups, j) * <f64>load<T>(l);
      sum += error * <f64>load<T>(g) * load<f64>(c);
      l += size;
      g += size;
      t += size;
      c += 8;
    }
    store<f64>(at(objectives, i, 8), sum);
  }
}

/** Whole numbers l + z of a row, a byte each, four to a word. */
// exported for f32, f64
export function quantizationCodes<T>(
  columns: i32, levels: usize, levelsStride: i32, zeros: usize, zerosStride: i32, groups: usize, codes: usize,
  begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>(), words = (columns + 3) >>> 2;
  for (let i = begin; i < end; i++) {
    const z = at(zeros, i * zerosStride, size);
    let l = at(levels, i * levelsStride, size), word = at(codes, i * words, 4), j = 0;
    const only = f64x2.splat(<f64>load<T>(z));
    for (; j <= columns - 4; j += 4) {
      const low = v128.add<f64>(loadPair<T>(l), groups ? pairOf<T>(z, groups, j) : only);
      const high = v128.add<f64>(loadPair<T>(at(l, 2, size)), groups ? pairOf<T>(z, groups, j + 2) : only);
      const four = i64x2.shuffle(i32x4.trunc_sat_f64x2_u_zero(low), i32x4.trunc_sat_f64x2_u_zero(high), 0, 2);
      const halves = i16x8.narrow_i32x4_u(four, four);
      store<i32>(word, i32x4.extract_lane(i8x16.narrow_i16x8_u(halves, halves), 0));
      l += 4 * size;
      word += 4;
    }
    let rest = 0;
    for (let k = 0; j + k < columns; k++) {
      rest |= i32(<f64>load<T>(at(l, k, size)) + oneOf<T>(z, groups, j + k)) << (8 * k);
    }
    if (j < columns) store<i32>(word, rest);
  }
}

/** Copies each row from the better state to the other. */
// exported for f32, f64
export function quantizationChoice<T>(
  columns: i32, bestLevels: usize, bestLevelsStride: i32, bestResidual: usize, bestResidualStride: i32,
  bestObjectives: usize, levels: usize, levelsStride: i32, residual: usize, residualStride: i32, objectives: usize,
  begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>(), bytes = <usize>columns * size;
  for (let i = begin; i < end; i++) {
    const kept = at(bestObjectives, i, 8), found = at(objectives, i, 8);
    const l = at(levels, i * levelsStride, size), bestL = at(bestLevels, i * bestLevelsStride, size);
    const g = at(residual, i * residualStride, size), bestG = at(bestResidual, i * bestResidualStride, size);
    if (load<f64>(found) < load<f64>(kept)) {
      memory.copy(bestL, l, bytes);
      memory.copy(bestG, g, bytes);
      store<f64>(kept, load<f64>(found));
    } else {
      memory.copy(l, bestL, bytes);
      memory.copy(g, bestG, bytes);
      store<f64>(found, load<f64>(kept));
    }
  }
}

/** target - scale * level, each step rounded in both builds. */
@inline
function difference(target: v128, scale: v128, level: v128): v128 {
  return v128.sub<f64>(target, v128.mul<f64>(scale, level));
}
