// Matrix times vector: y = alpha * op(A) x + beta * y for y [m], x [n], with strides for A as in gemm.ts.
//
// Unit column stride (A x): a dot product for each row, as in vector.ts. Unit row stride (A^T x): rows of the stored
// matrix, GROUP at a time, are added to y in order. Neither depends on how the range of y is cut.
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "./simd";
import { axpy, dot } from "./vector";

/** Stored rows added in one pass over y: one load and one store of y serve them all. */
const GROUP: i32 = 8;

export function gemv_f32(
  n: i32, alpha: f64, a: usize, aRowStride: i32, aColumnStride: i32, x: usize, beta: f64, y: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  gemv<f32>(n, alpha, a, aRowStride, aColumnStride, x, beta, y, begin, end);
}

export function gemv_f64(
  n: i32, alpha: f64, a: usize, aRowStride: i32, aColumnStride: i32, x: usize, beta: f64, y: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  gemv<f64>(n, alpha, a, aRowStride, aColumnStride, x, beta, y, begin, end);
}

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
  for (let i = begin; i < end; i++) {
    const p = at(y, i, sizeof<T>());
    const product = aColumnStride == 1 ? dot<T>(n, at(a, i, row), x) : stridedDot<T>(n, at(a, i, row), column, x);
    const value = alpha * product;
    store<T>(p, <T>(beta == 0 ? value : value + beta * <f64>load<T>(p)));
  }
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
function addRows<T>(
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
