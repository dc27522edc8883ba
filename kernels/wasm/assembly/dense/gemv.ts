// Matrix times vector: y = alpha * op(A) x + beta * y for y [m], x [n], with strides for A as in gemm.ts.
//
// Unit column stride (A x): GROUP dot products at a time. Unit row stride (A^T x): rows of the stored matrix are added
// to y in order, GROUP at a time. Eight rows are as many streams for the hardware prefetchers, share one access to x or
// y, and cover the latency of the multiply-add. Neither depends on how the range of y is cut.
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";
import { axpy, laneSum } from "./vector";

/** Rows of the stored matrix that are read together. */
const GROUP: i32 = 8;

/** Bytes of f32 that are summed in f32, 32 products to a lane, before the sum moves to f64. */
const RUN: i32 = 512;

// exported for f32, f64
export function gemv<T>(
  n: i32, alpha: f64, a: usize, aRowStride: i32, aColumnStride: i32, x: usize, beta: f64, y: usize,
  begin: i32, end: i32,
): void {
  const row = <usize>aRowStride * sizeof<T>();
  const column = <usize>aColumnStride * sizeof<T>();
  if (aRowStride == 1 && aColumnStride != 1) {
    const origin = at(a, begin, sizeof<T>());
    addRows<T>(n, end - begin, <T>alpha, origin, column, x, <T>beta, at(y, begin, sizeof<T>()));
    return;
  }
  if (aColumnStride == 1) {
    for (let i = begin; i < end; i += GROUP) {
      rowProducts<T>(n, alpha, at(a, i, row), row, min(GROUP, end - i), x, beta, at(y, i, sizeof<T>()));
    }
    return;
  }
  for (let i = begin; i < end; i++) {
    merge<T>(alpha, stridedDot<T>(n, at(a, i, row), column, x), beta, at(y, i, sizeof<T>()));
  }
}

/** y = alpha * product + beta * y for one element, y not read where beta = 0. */
@inline
function merge<T>(alpha: f64, product: f64, beta: f64, y: usize): void {
  const value = alpha * product;
  store<T>(y, <T>(beta == 0 ? value : value + beta * <f64>load<T>(y)));
}

/**
 * The first `count` of GROUP dot products, one vector of partial sums each; where fewer are wanted, the first row
 * stands in for the others, so that the sum of a row does not depend on those beside it.
 */
function rowProducts<T>(
  n: i32, alpha: f64, r0: usize, row: usize, count: i32, x: usize, beta: f64, y: usize,
): void {
  const r1 = count > 1 ? r0 + row : r0;
  const r2 = count > 2 ? r1 + row : r0;
  const r3 = count > 3 ? r2 + row : r0;
  const r4 = count > 4 ? r3 + row : r0;
  const r5 = count > 5 ? r4 + row : r0;
  const r6 = count > 6 ? r5 + row : r0;
  const r7 = count > 7 ? r6 + row : r0;
  let t0: f64 = 0, t1: f64 = 0, t2: f64 = 0, t3: f64 = 0, t4: f64 = 0, t5: f64 = 0, t6: f64 = 0, t7: f64 = 0;
  const bytes = <usize>n * sizeof<T>();
  const whole = bytes & -VECTOR;
  const run = sizeof<T>() == 4 ? <usize>RUN : whole;
  let p: usize = 0;
  while (p < whole) {
    let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (const stop = min(p + run, whole); p < stop; p += VECTOR) {
      const value = v128.load(x + p);
      s0 = multiplyAdd<T>(v128.load(r0 + p), value, s0);
      s1 = multiplyAdd<T>(v128.load(r1 + p), value, s1);
      s2 = multiplyAdd<T>(v128.load(r2 + p), value, s2);
      s3 = multiplyAdd<T>(v128.load(r3 + p), value, s3);
      s4 = multiplyAdd<T>(v128.load(r4 + p), value, s4);
      s5 = multiplyAdd<T>(v128.load(r5 + p), value, s5);
      s6 = multiplyAdd<T>(v128.load(r6 + p), value, s6);
      s7 = multiplyAdd<T>(v128.load(r7 + p), value, s7);
    }
    t0 += laneSum<T>(s0);
    t1 += laneSum<T>(s1);
    t2 += laneSum<T>(s2);
    t3 += laneSum<T>(s3);
    t4 += laneSum<T>(s4);
    t5 += laneSum<T>(s5);
    t6 += laneSum<T>(s6);
    t7 += laneSum<T>(s7);
  }
  for (; p < bytes; p += sizeof<T>()) {
    const value = <f64>load<T>(x + p);
    t0 += <f64>load<T>(r0 + p) * value;
    t1 += <f64>load<T>(r1 + p) * value;
    t2 += <f64>load<T>(r2 + p) * value;
    t3 += <f64>load<T>(r3 + p) * value;
    t4 += <f64>load<T>(r4 + p) * value;
    t5 += <f64>load<T>(r5 + p) * value;
    t6 += <f64>load<T>(r6 + p) * value;
    t7 += <f64>load<T>(r7 + p) * value;
  }
  merge<T>(alpha, t0, beta, y);
  if (count > 1) merge<T>(alpha, t1, beta, at(y, 1, sizeof<T>()));
  if (count > 2) merge<T>(alpha, t2, beta, at(y, 2, sizeof<T>()));
  if (count > 3) merge<T>(alpha, t3, beta, at(y, 3, sizeof<T>()));
  if (count > 4) merge<T>(alpha, t4, beta, at(y, 4, sizeof<T>()));
  if (count > 5) merge<T>(alpha, t5, beta, at(y, 5, sizeof<T>()));
  if (count > 6) merge<T>(alpha, t6, beta, at(y, 6, sizeof<T>()));
  if (count > 7) merge<T>(alpha, t7, beta, at(y, 7, sizeof<T>()));
}

function stridedDot<T>(n: i32, a: usize, stride: usize, x: usize): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) {
    sum += <f64>load<T>(a) * <f64>load<T>(x);
    a += stride;
    x += sizeof<T>();
  }
  return sum;
}

/** y = beta * y + sum over k < n of alpha * x_k * (row k of the stored matrix), all rows and y of `width` elements. */
export function addRows<T>(
  n: i32, width: i32, alpha: T, rows: usize, stride: usize, x: usize, beta: T, y: usize,
): void {
  for (let i = 0; i < width; i++) {
    const p = at(y, i, sizeof<T>());
    store<T>(p, beta == 0 ? 0 : beta * load<T>(p));
  }
  for (; n >= GROUP; n -= GROUP) {
    addGroup<T>(width, alpha, rows, stride, x, y);
    rows = at(rows, GROUP, stride);
    x = at(x, GROUP, sizeof<T>());
  }
  for (; n > 0; n--) {
    axpy<T>(width, alpha * load<T>(x), rows, y);
    rows += stride;
    x += sizeof<T>();
  }
}

function addGroup<T>(width: i32, alpha: T, rows: usize, stride: usize, x: usize, y: usize): void {
  const x0 = coefficient<T>(alpha, x, 0), x1 = coefficient<T>(alpha, x, 1);
  const x2 = coefficient<T>(alpha, x, 2), x3 = coefficient<T>(alpha, x, 3);
  const x4 = coefficient<T>(alpha, x, 4), x5 = coefficient<T>(alpha, x, 5);
  const x6 = coefficient<T>(alpha, x, 6), x7 = coefficient<T>(alpha, x, 7);
  const r1 = rows + stride, r2 = r1 + stride, r3 = r2 + stride;
  const r4 = r3 + stride, r5 = r4 + stride, r6 = r5 + stride, r7 = r6 + stride;
  let i: usize = 0;
  for (; width >= lanes<T>(); width -= lanes<T>()) {
    let sum = v128.load(y + i);
    sum = multiplyAdd<T>(x0, v128.load(rows + i), sum);
    sum = multiplyAdd<T>(x1, v128.load(r1 + i), sum);
    sum = multiplyAdd<T>(x2, v128.load(r2 + i), sum);
    sum = multiplyAdd<T>(x3, v128.load(r3 + i), sum);
    sum = multiplyAdd<T>(x4, v128.load(r4 + i), sum);
    sum = multiplyAdd<T>(x5, v128.load(r5 + i), sum);
    sum = multiplyAdd<T>(x6, v128.load(r6 + i), sum);
    sum = multiplyAdd<T>(x7, v128.load(r7 + i), sum);
    v128.store(y + i, sum);
    i += VECTOR;
  }
  for (; width > 0; width--) {
    let sum = loadOne<T>(y + i);
    sum = multiplyAdd<T>(x0, loadOne<T>(rows + i), sum);
    sum = multiplyAdd<T>(x1, loadOne<T>(r1 + i), sum);
    sum = multiplyAdd<T>(x2, loadOne<T>(r2 + i), sum);
    sum = multiplyAdd<T>(x3, loadOne<T>(r3 + i), sum);
    sum = multiplyAdd<T>(x4, loadOne<T>(r4 + i), sum);
    sum = multiplyAdd<T>(x5, loadOne<T>(r5 + i), sum);
    sum = multiplyAdd<T>(x6, loadOne<T>(r6 + i), sum);
    sum = multiplyAdd<T>(x7, loadOne<T>(r7 + i), sum);
    storeOne<T>(y + i, sum);
    i += sizeof<T>();
  }
}

/** alpha * x_index in every lane. */
@inline
function coefficient<T>(alpha: T, x: usize, index: i32): v128 {
  return v128.splat<T>(alpha * load<T>(at(x, index, sizeof<T>())));
}
