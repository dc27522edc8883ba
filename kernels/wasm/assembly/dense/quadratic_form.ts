// values[i] = x_i A x_i^T for symmetric A, in f64 whatever the type of X and A, at half the flops of X A:
//
//     x A x^T = sum over blocks J of columns   (2 x_<J A_<J,J + x_J A_JJ) x_J^T
//
// The bracket is a matrix product for all rows of a block. f32 operands are converted to f64 a chunk of columns at a
// time, once for ROW_BLOCK rows. A row's value does not depend on the range.
//
// Scratch: PRODUCT_SCRATCH + FORM_SCRATCH elements of f64, private to the thread.

import { PRODUCT_SCRATCH } from "../../dense/blocking";
import { FORM_BLOCK, FORM_CHUNK, FORM_ROWS } from "../../dense/quadratic_form_blocking";
import { product } from "./gemm";
import { at } from "../simd";
import { dot } from "./vector";

// exported for f32, f64
export function quadraticForm<T>(
  x: usize, xStride: i32, a: usize, aStride: i32, values: usize, first: i32, last: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const bracket = at(scratch, PRODUCT_SCRATCH, 8);
  const left = at(bracket, FORM_ROWS * FORM_BLOCK, 8), right = at(left, FORM_ROWS * FORM_CHUNK, 8);
  for (let top = begin; top < end; top += FORM_ROWS) {
    const rows = min(FORM_ROWS, end - top);
    const block = element<T>(x, top, 0, xStride);
    if (first == 0) memory.fill(at(values, top, 8), 0, <usize>rows * 8);
    for (let j = first; j < last; j += FORM_BLOCK) {
      const width = min(FORM_BLOCK, last - j);
      for (let k = 0; k < j; k += FORM_CHUNK) {
        accumulate<T>(2, f64(k > 0), block, xStride, a, aStride, rows, k, min(FORM_CHUNK, j - k), j, width, left, right,
          bracket, scratch);
      }
      accumulate<T>(1, f64(j > 0), block, xStride, a, aStride, rows, j, width, j, width, left, right, bracket, scratch);
      // The last chunk was x_J itself: f32 rows still lie converted in `left`.
      const own = sizeof<T>() == 4 ? left : element<T>(block, 0, j, xStride);
      const ownRow: usize = 8 * (sizeof<T>() == 4 ? FORM_CHUNK : xStride);
      for (let i = 0; i < rows; i++) {
        const value = at(values, top + i, 8);
        store<f64>(value, load<f64>(value) + dot<f64>(width, at(bracket, i * FORM_BLOCK, 8), at(own, i, ownRow)));
      }
    }
  }
}

/** bracket = factor * X[:, k : k + depth] A[k : k + depth, j : j + width] + keep * bracket. */
function accumulate<T>(
  factor: f64, keep: f64, x: usize, xStride: i32, a: usize, aStride: i32,
  rows: i32, k: i32, depth: i32, j: i32, width: i32, left: usize, right: usize, bracket: usize, scratch: usize,
): void {
  let p = element<T>(x, 0, k, xStride), q = element<T>(a, k, j, aStride);
  if (sizeof<T>() == 4) {
    widen(p, xStride, rows, depth, left, FORM_CHUNK);
    widen(q, aStride, depth, width, right, FORM_BLOCK);
    p = left;
    xStride = FORM_CHUNK;
    q = right;
    aStride = FORM_BLOCK;
  }
  product<f64, f64>(
    width, depth, factor, p, xStride, 1, q, aStride, 1, keep, bracket, FORM_BLOCK, 0, rows, scratch, false,
  );
}

@inline
function element<T>(matrix: usize, row: i32, column: i32, stride: i32): usize {
  return at(at(matrix, row, <usize>stride * sizeof<T>()), column, sizeof<T>());
}

/** Copies a block of f32 into f64. */
function widen(source: usize, sourceStride: i32, rows: i32, columns: i32, target: usize, targetStride: i32): void {
  for (let i = 0; i < rows; i++) {
    let p = at(source, i, <usize>sourceStride * 4), q = at(target, i, <usize>targetStride * 8), k = 0;
    for (; k <= columns - 4; k += 4) {
      const four = v128.load(p);
      v128.store(q, f64x2.promote_low_f32x4(four));
      v128.store(q, f64x2.promote_low_f32x4(i64x2.shuffle(four, four, 1, 1)), 16);
      p += 16;
      q += 32;
    }
    for (; k < columns; k++) {
      store<f64>(q, load<f32>(p));
      p += 4;
      q += 8;
    }
  }
}
