// Rows of f32 activations: pointers to the first row, strides in elements, [begin, end) the rows of this call. Sums over
// a row are f64, in pairs and then the last element. Tails run through the same vector arithmetic as whole vectors.

import { GELU, GELU_TANH, SILU } from "../../../contract/model/constants";
import { exponential, logarithm, scaledTail } from "../elementary";
import { exponentials } from "../exponential";
import { at, loadOne, multiplyAdd, storeOne } from "../simd";

@inline
function rowAt(p: usize, row: i32, stride: i32): usize {
  return at(p, row, <usize> stride << 2);
}

/** Two elements as f64. */
@inline
function pair(p: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(p));
}

export function normalizeRows_f32(
  n: i32, x: usize, xStride: i32, y: usize, yStride: i32, weight: usize, bias: usize, epsilon: f64, centered: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const row = rowAt(x, i, xStride), target = rowAt(y, i, yStride);
    const mean = centered ? sumOf(n, row) / n : 0;
    const factor = 1 / sqrt(squaresOf(n, row, mean) / n + epsilon);
    const means = f64x2.splat(mean), factors = f64x2.splat(factor);
    let j = 0;
    for (; j + 2 <= n; j += 2) {
      let value = f64x2.mul(f64x2.mul(f64x2.sub(pair(at(row, j, 4)), means), factors), pair(at(weight, j, 4)));
      if (bias) value = f64x2.add(value, pair(at(bias, j, 4)));
      v128.store64_lane(at(target, j, 4), f32x4.demote_f64x2_zero(value), 0);
    }
    if (j < n) {
      const value = (<f64> load<f32>(at(row, j, 4)) - mean) * factor * <f64> load<f32>(at(weight, j, 4));
      store<f32>(at(target, j, 4), <f32> (bias ? value + <f64> load<f32>(at(bias, j, 4)) : value));
    }
  }
}

function sumOf(n: i32, row: usize): f64 {
  let sums = f64x2.splat(0), j = 0;
  for (; j + 2 <= n; j += 2) sums = f64x2.add(sums, pair(at(row, j, 4)));
  const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  return j < n ? sum + <f64> load<f32>(at(row, j, 4)) : sum;
}

function squaresOf(n: i32, row: usize, mean: f64): f64 {
  const means = f64x2.splat(mean);
  let sums = f64x2.splat(0), j = 0;
  for (; j + 2 <= n; j += 2) {
    const distance = f64x2.sub(pair(at(row, j, 4)), means);
    sums = f64x2.add(sums, f64x2.mul(distance, distance));
  }
  const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  if (j == n) return sum;
  const distance = <f64> load<f32>(at(row, j, 4)) - mean;
  return sum + distance * distance;
}

export function addBias_f32(
  n: i32, x: usize, xStride: i32, bias: usize, begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const row = rowAt(x, i, xStride);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      const p = at(row, j, 4);
      v128.store(p, f32x4.add(v128.load(p), v128.load(at(bias, j, 4))));
    }
    for (; j < n; j++) store<f32>(at(row, j, 4), load<f32>(at(row, j, 4)) + load<f32>(at(bias, j, 4)));
  }
}

export function activate_f32(
  activation: i32, n: i32, x: usize, xStride: i32, factor: usize, factorStride: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const row = rowAt(x, i, xStride), other = factor ? rowAt(factor, i, factorStride) : 0;
    if (activation == GELU) normalRow(n, row);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      let value = applied(activation, v128.load(at(row, j, 4)));
      if (other) value = f32x4.mul(value, v128.load(at(other, j, 4)));
      v128.store(at(row, j, 4), value);
    }
    for (; j < n; j++) {
      let value = applied(activation, loadOne<f32>(at(row, j, 4)));
      if (other) value = f32x4.mul(value, loadOne<f32>(at(other, j, 4)));
      storeOne<f32>(at(row, j, 4), value);
    }
  }
}

/** Four at a time; GELU has been applied before. */
@inline
function applied(activation: i32, x: v128): v128 {
  const one = f32x4.splat(1);
  if (activation == SILU) return f32x4.div(x, f32x4.add(one, exponentials(f32x4.neg(x))));
  if (activation == GELU_TANH) {
    // -2 sqrt(2 / pi) (x + 0.044715 x^3)
    const inner = multiplyAdd<f32>(f32x4.mul(x, x), f32x4.splat(-0.07135481282), f32x4.splat(-1.5957691216));
    return f32x4.div(x, f32x4.add(one, exponentials(f32x4.mul(x, inner))));
  }
  if (activation == GELU) return x;
  return f32x4.max(x, f32x4.splat(0));
}

/** x Phi(x) by the tail of |x|. */
function normalRow(n: i32, row: usize): void {
  for (let j = 0; j < n; j++) {
    const p = at(row, j, 4), x = <f64> load<f32>(p);
    const tail = scaledTail(abs(x) * 0.7071067811865476) * exponential(-x * x / 2) / 2;
    store<f32>(p, <f32> (x * (x > 0 ? 1 - tail : tail)));
  }
}

export function tokenLosses_f32(
  n: i32, logits: usize, stride: i32, targets: usize, losses: usize, begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const row = rowAt(logits, i, stride);
    const most = largest(n, row), mosts = f32x4.splat(most);
    let sums = f64x2.splat(0), j = 0;
    for (; j + 4 <= n; j += 4) {
      const e = exponentials(f32x4.sub(v128.load(at(row, j, 4)), mosts));
      sums = f64x2.add(sums, f64x2.promote_low_f32x4(e));
      sums = f64x2.add(sums, f64x2.promote_low_f32x4(i64x2.shuffle(e, e, 1, 1)));
    }
    let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    for (; j < n; j++) {
      sum += <f64> f32x4.extract_lane(exponentials(f32x4.sub(loadOne<f32>(at(row, j, 4)), mosts)), 0);
    }
    const target = load<f32>(at(row, load<i32>(at(targets, i, 4)), 4));
    store<f64>(at(losses, i, 8), logarithm(sum) + (<f64> most - <f64> target));
  }
}

/** The largest of a row. */
function largest(n: i32, row: usize): f32 {
  let most: f32 = -Infinity, j = 0;
  if (n >= 4) {
    let mosts = v128.load(row);
    for (j = 4; j + 4 <= n; j += 4) mosts = f32x4.max(mosts, v128.load(at(row, j, 4)));
    most = max(max(f32x4.extract_lane(mosts, 0), f32x4.extract_lane(mosts, 1)),
      max(f32x4.extract_lane(mosts, 2), f32x4.extract_lane(mosts, 3)));
  }
  for (; j < n; j++) most = max(most, load<f32>(at(row, j, 4)));
  return most;
}
