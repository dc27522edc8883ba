// Sparse times dense, and entries of a product. Lines compressed as in CSR: indptr, indices u32; values and dense
// matrices of T, rows of any stride. Lines do not depend on one another.
//
// sparseProduct    y_i = alpha sum_e values[e] x_(indices[e]) + beta y_i, a strip of columns in registers at a time
// sampledProduct   values[e] = alpha left_i . right_(indices[e]) + base[e]
// sparseFill       y_(i, indices[e]) += shares[e] (values[e] - y_(i, indices[e]))
import { laneSum } from "../dense/vector";
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** Where the value of entry `e` stands. */
@inline
function valueOf<T>(values: usize, positions: usize, e: i32): T {
  return load<T>(at(values, positions ? load<i32>(at(positions, e, 4)) : e, sizeof<T>()));
}

/** Lines begin..end; `positions` 0 where values come in order. */
// exported for f32, f64
export function sparseProduct<T>(
  width: i32, alpha: f64, indptr: usize, indices: usize, values: usize, positions: usize,
  x: usize, xRowStride: i32, beta: f64, y: usize, yRowStride: i32, begin: i32, end: i32,
): void {
  const xRow = <usize>xRowStride * sizeof<T>(), yRow = <usize>yRowStride * sizeof<T>();
  const scale = v128.splat<T>(<T>alpha), keep = v128.splat<T>(<T>beta);
  for (let i = begin; i < end; i++) {
    const from = load<i32>(at(indptr, i, 4)), to = load<i32>(at(indptr, i + 1, 4));
    let target = at(y, i, yRow), source = x, left = width;
    for (; left >= 12 * lanes<T>(); left -= 12 * lanes<T>()) {
      wideStrip<T>(scale, indices, values, positions, source, xRow, keep, beta, target, from, to);
      target += 12 * VECTOR;
      source += 12 * VECTOR;
    }
    for (; left >= 4 * lanes<T>(); left -= 4 * lanes<T>()) {
      let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let e = from; e < to; e++) {
        const v = v128.splat<T>(valueOf<T>(values, positions, e)), p = at(source, load<i32>(at(indices, e, 4)), xRow);
        s0 = multiplyAdd<T>(v, v128.load(p), s0);
        s1 = multiplyAdd<T>(v, v128.load(p, VECTOR), s1);
        s2 = multiplyAdd<T>(v, v128.load(p, 2 * VECTOR), s2);
        s3 = multiplyAdd<T>(v, v128.load(p, 3 * VECTOR), s3);
      }
      merge<T>(scale, s0, keep, beta, target);
      merge<T>(scale, s1, keep, beta, target + VECTOR);
      merge<T>(scale, s2, keep, beta, target + 2 * VECTOR);
      merge<T>(scale, s3, keep, beta, target + 3 * VECTOR);
      target += 4 * VECTOR;
      source += 4 * VECTOR;
    }
    for (; left >= lanes<T>(); left -= lanes<T>()) {
      let sum = i64x2.splat(0);
      for (let e = from; e < to; e++) {
        const v = v128.splat<T>(valueOf<T>(values, positions, e));
        sum = multiplyAdd<T>(v, v128.load(at(source, load<i32>(at(indices, e, 4)), xRow)), sum);
      }
      merge<T>(scale, sum, keep, beta, target);
      target += VECTOR;
      source += VECTOR;
    }
    for (; left > 0; left--) {
      let sum = i64x2.splat(0);
      for (let e = from; e < to; e++) {
        const v = v128.splat<T>(valueOf<T>(values, positions, e));
        sum = multiplyAdd<T>(v, loadOne<T>(at(source, load<i32>(at(indices, e, 4)), xRow)), sum);
      }
      const scaled = v128.mul<T>(scale, sum);
      storeOne<T>(target, beta == 0 ? scaled : multiplyAdd<T>(keep, loadOne<T>(target), scaled));
      target += sizeof<T>();
      source += sizeof<T>();
    }
  }
}

/** A strip as wide as there are registers: twelve vectors. */
@inline
function wideStrip<T>(
  scale: v128, indices: usize, values: usize, positions: usize, x: usize, xRow: usize, keep: v128, beta: f64, y: usize,
  from: i32, to: i32,
): void {
  let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0;
  for (let e = from; e < to; e++) {
    const v = v128.splat<T>(valueOf<T>(values, positions, e)), p = at(x, load<i32>(at(indices, e, 4)), xRow);
    s0 = multiplyAdd<T>(v, v128.load(p), s0);
    s1 = multiplyAdd<T>(v, v128.load(p, VECTOR), s1);
    s2 = multiplyAdd<T>(v, v128.load(p, 2 * VECTOR), s2);
    s3 = multiplyAdd<T>(v, v128.load(p, 3 * VECTOR), s3);
    s4 = multiplyAdd<T>(v, v128.load(p, 4 * VECTOR), s4);
    s5 = multiplyAdd<T>(v, v128.load(p, 5 * VECTOR), s5);
    s6 = multiplyAdd<T>(v, v128.load(p, 6 * VECTOR), s6);
    s7 = multiplyAdd<T>(v, v128.load(p, 7 * VECTOR), s7);
    s8 = multiplyAdd<T>(v, v128.load(p, 8 * VECTOR), s8);
    s9 = multiplyAdd<T>(v, v128.load(p, 9 * VECTOR), s9);
    s10 = multiplyAdd<T>(v, v128.load(p, 10 * VECTOR), s10);
    s11 = multiplyAdd<T>(v, v128.load(p, 11 * VECTOR), s11);
  }
  merge<T>(scale, s0, keep, beta, y);
  merge<T>(scale, s1, keep, beta, y + VECTOR);
  merge<T>(scale, s2, keep, beta, y + 2 * VECTOR);
  merge<T>(scale, s3, keep, beta, y + 3 * VECTOR);
  merge<T>(scale, s4, keep, beta, y + 4 * VECTOR);
  merge<T>(scale, s5, keep, beta, y + 5 * VECTOR);
  merge<T>(scale, s6, keep, beta, y + 6 * VECTOR);
  merge<T>(scale, s7, keep, beta, y + 7 * VECTOR);
  merge<T>(scale, s8, keep, beta, y + 8 * VECTOR);
  merge<T>(scale, s9, keep, beta, y + 9 * VECTOR);
  merge<T>(scale, s10, keep, beta, y + 10 * VECTOR);
  merge<T>(scale, s11, keep, beta, y + 11 * VECTOR);
}

/** y = scale * sum + keep * y, y not read where beta = 0. */
@inline
function merge<T>(scale: v128, sum: v128, keep: v128, beta: f64, y: usize): void {
  const scaled = v128.mul<T>(scale, sum);
  v128.store(y, beta == 0 ? scaled : multiplyAdd<T>(keep, v128.load(y), scaled));
}

/** Lines begin..end; `base` 0 where there is none. */
// exported for f32, f64
export function sampledProduct<T>(
  width: i32, alpha: f64, indptr: usize, indices: usize, left: usize, leftRowStride: i32,
  right: usize, rightRowStride: i32, base: usize, values: usize, begin: i32, end: i32,
): void {
  const leftRow = <usize>leftRowStride * sizeof<T>(), rightRow = <usize>rightRowStride * sizeof<T>();
  for (let i = begin; i < end; i++) {
    const x = at(left, i, leftRow);
    for (let e = load<i32>(at(indptr, i, 4)), to = load<i32>(at(indptr, i + 1, 4)); e < to; e++) {
      const y = at(right, load<i32>(at(indices, e, 4)), rightRow);
      const product = alpha * shortDot<T>(width, x, y), place = at(values, e, sizeof<T>());
      store<T>(place, <T>(base ? product + <f64>load<T>(at(base, e, sizeof<T>())) : product));
    }
  }
}

/** x . y for rows of tens of elements. */
@inline
function shortDot<T>(n: i32, x: usize, y: usize): f64 {
  let s0 = i64x2.splat(0), s1 = s0;
  for (; n >= 2 * lanes<T>(); n -= 2 * lanes<T>()) {
    s0 = multiplyAdd<T>(v128.load(x), v128.load(y), s0);
    s1 = multiplyAdd<T>(v128.load(x, VECTOR), v128.load(y, VECTOR), s1);
    x += 2 * VECTOR;
    y += 2 * VECTOR;
  }
  let sum = laneSum<T>(v128.add<T>(s0, s1));
  for (; n > 0; n--) {
    sum += <f64>load<T>(x) * <f64>load<T>(y);
    x += sizeof<T>();
    y += sizeof<T>();
  }
  return sum;
}

/** Lines begin..end; `shares` 0 where they are ones. */
// exported for f32, f64
export function sparseFill<T>(
  indptr: usize, indices: usize, values: usize, shares: usize, y: usize, yRowStride: i32, begin: i32, end: i32,
): void {
  const yRow = <usize>yRowStride * sizeof<T>();
  for (let i = begin; i < end; i++) {
    const row = at(y, i, yRow);
    for (let e = load<i32>(at(indptr, i, 4)), to = load<i32>(at(indptr, i + 1, 4)); e < to; e++) {
      const place = at(row, load<i32>(at(indices, e, 4)), sizeof<T>()), value = load<T>(at(values, e, sizeof<T>()));
      if (shares) {
        const there = load<T>(place);
        store<T>(place, there + load<T>(at(shares, e, sizeof<T>())) * (value - there));
      } else store<T>(place, value);
    }
  }
}
