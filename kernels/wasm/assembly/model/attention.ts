// Attention of one sequence and rotary positions, over rows of f32: pointers to the first row, strides in elements,
// [begin, end) the rows (queries) of this call.
//
// A query goes over its keys twice for each head: scores into scratch, then exponentials and the weighted sum of values.
//
// Scratch of causalAttention: one f32 a position.

import { exponentials } from "../exponential";
import { at, loadOne, multiplyAdd, storeOne } from "../simd";

@inline
function rowAt(p: usize, row: i32, stride: i32): usize {
  return at(p, row, <usize> stride << 2);
}

export function rotatePositions_f32(
  n: i32, headSize: i32, half: i32, x: usize, stride: i32, cosines: usize, sines: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const row = rowAt(x, i, stride), cosine = rowAt(cosines, i, half), sine = rowAt(sines, i, half);
    for (let head = 0; head < n; head += headSize) {
      const one = at(row, head, 4), other = at(one, half, 4);
      let k = 0;
      for (; k + 4 <= half; k += 4) {
        const c = v128.load(at(cosine, k, 4)), s = v128.load(at(sine, k, 4));
        const p = at(one, k, 4), q = at(other, k, 4), a = v128.load(p), b = v128.load(q);
        v128.store(p, f32x4.sub(f32x4.mul(c, a), f32x4.mul(s, b)));
        v128.store(q, f32x4.add(f32x4.mul(s, a), f32x4.mul(c, b)));
      }
      for (; k < half; k++) {
        const c = load<f32>(at(cosine, k, 4)), s = load<f32>(at(sine, k, 4));
        const p = at(one, k, 4), q = at(other, k, 4), a = load<f32>(p), b = load<f32>(q);
        store<f32>(p, c * a - s * b);
        store<f32>(q, s * a + c * b);
      }
    }
  }
}

export function causalAttention_f32(
  heads: i32, shared: i32, size: i32, first: i32, window: i32, scale: f32, slopes: usize,
  queries: usize, queryStride: i32, keys: usize, keyStride: i32, values: usize, valueStride: i32,
  outputs: usize, outputStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const last = first + i, from = window > 0 ? max(0, last + 1 - window) : 0, count = last + 1 - from;
    const query = rowAt(queries, i, queryStride), output = rowAt(outputs, i, outputStride);
    const firstKey = rowAt(keys, from, keyStride), firstValue = rowAt(values, from, valueStride);
    for (let head = 0; head < heads; head++) {
      const place = head / shared * size, slope: f32 = slopes ? load<f32>(at(slopes, head, 4)) : 0;
      const most = scoresOf(
        count, size, scale, slope, at(query, head * size, 4), at(firstKey, place, 4), keyStride, scratch,
      );
      const total = sharesOf(count, most, scratch);
      mean(count, size, <f32> (1 / total), scratch, at(firstValue, place, 4), valueStride, at(output, head * size, 4));
    }
  }
}

/** Scores of the keys, in their order; the largest. */
function scoresOf(
  count: i32, size: i32, scale: f32, slope: f32, query: usize, key: usize, stride: i32, scores: usize,
): f32 {
  let most: f32 = -Infinity;
  const step = <usize> stride << 2;
  for (let j = 0; j < count; j++, key += step) {
    let sums = f32x4.splat(0), d = 0;
    for (; d + 4 <= size; d += 4) sums = multiplyAdd<f32>(v128.load(at(query, d, 4)), v128.load(at(key, d, 4)), sums);
    for (; d < size; d++) sums = multiplyAdd<f32>(loadOne<f32>(at(query, d, 4)), loadOne<f32>(at(key, d, 4)), sums);
    const sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) +
      (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
    const score = scale * sum - slope * <f32> (count - 1 - j);
    store<f32>(at(scores, j, 4), score);
    most = max(most, score);
  }
  return most;
}

/** Exponentials of the scores less the largest, in place; their sum. */
function sharesOf(count: i32, most: f32, scores: usize): f64 {
  const mosts = f32x4.splat(most);
  let sums = f64x2.splat(0), j = 0;
  for (; j + 4 <= count; j += 4) {
    const e = exponentials(f32x4.sub(v128.load(at(scores, j, 4)), mosts));
    v128.store(at(scores, j, 4), e);
    sums = f64x2.add(sums, f64x2.add(f64x2.promote_low_f32x4(e), f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 1))));
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; j < count; j++) {
    const e = exponentials(f32x4.sub(loadOne<f32>(at(scores, j, 4)), mosts));
    storeOne<f32>(at(scores, j, 4), e);
    sum += <f64> f32x4.extract_lane(e, 0);
  }
  return sum;
}

/** The mean of the values by their shares: eight columns at a time, so that sums stay in registers. */
function mean(
  count: i32, size: i32, factor: f32, shares: usize, value: usize, stride: i32, output: usize,
): void {
  const step = <usize> stride << 2, factors = f32x4.splat(factor);
  let d = 0;
  for (; d + 8 <= size; d += 8) {
    let one = f32x4.splat(0), other = f32x4.splat(0), p = at(value, d, 4);
    for (let j = 0; j < count; j++, p += step) {
      const share = v128.load32_splat(at(shares, j, 4));
      one = multiplyAdd<f32>(share, v128.load(p), one);
      other = multiplyAdd<f32>(share, v128.load(p, 16), other);
    }
    v128.store(at(output, d, 4), f32x4.mul(one, factors));
    v128.store(at(output, d, 4), f32x4.mul(other, factors), 16);
  }
  for (; d < size; d++) {
    let sum = f32x4.splat(0), p = at(value, d, 4);
    for (let j = 0; j < count; j++, p += step) {
      sum = multiplyAdd<f32>(loadOne<f32>(at(shares, j, 4)), loadOne<f32>(p), sum);
    }
    storeOne<f32>(at(output, d, 4), f32x4.mul(sum, factors));
  }
}
