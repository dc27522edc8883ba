// Gram matrix: C = alpha * A^T A + beta * C for row-major A [k x n] (samples x features), at half the flops of a product.
//
// syrk_* computes, reads and writes the upper triangle; mirror_* then copies it below the diagonal, once no syrk_* runs.
// In syrk_f32_f64 each block of DEPTH_BLOCK samples is summed in f32 and the blocks in f64: the error of a sum of
// DEPTH_BLOCK terms however many samples there are, at the speed of f32.
//
// The ranges of syrk_* count the upper half of the rows, ceil(n / 2): row i brings its mirror image n - 1 - i along, so
// that every index is the same work, about n + 1 columns, and equal ranges are balanced.
import { product } from "./gemm";
import { at, lanes } from "../simd";
import { transpose } from "./pack";

/** Rows of one strip of the mirror: one cache line of f32. */
const STRIP: i32 = 16;

export function syrk_f32(
  n: i32, k: i32, alpha: f64, a: usize, aRowStride: i32, beta: f64, c: usize, cRowStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  gram<f32, f32>(n, k, <f32>alpha, a, 1, aRowStride, <f32>beta, c, cRowStride, begin, end, scratch);
}

export function syrk_f64(
  n: i32, k: i32, alpha: f64, a: usize, aRowStride: i32, beta: f64, c: usize, cRowStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  gram<f64, f64>(n, k, alpha, a, 1, aRowStride, beta, c, cRowStride, begin, end, scratch);
}

export function syrk_f32_f64(
  n: i32, k: i32, alpha: f64, a: usize, aRowStride: i32, beta: f64, c: usize, cRowStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  gram<f32, f64>(n, k, alpha, a, 1, aRowStride, beta, c, cRowStride, begin, end, scratch);
}

/** C = alpha * B B^T + beta * C on and above the diagonal, for B [n x k] whose element (i, j) is a[i * across + j * along]. */
export function gram<T, U>(
  n: i32, k: i32, alpha: U, a: usize, across: i32, along: i32, beta: U, c: usize, cRowStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  // The two images of a range that reaches the middle join.
  const half = (n + 1) / 2;
  const joined = end == half;
  const stop = joined ? n - begin : end;
  product<T, U>(n, k, alpha, a, across, along, a, along, across, beta, c, cRowStride, begin, stop, scratch, true);
  if (joined) return;
  product<T, U>(
    n, k, alpha, a, across, along, a, along, across, beta, c, cRowStride, n - end, n - begin, scratch, true,
  );
}

export function mirror_f32(n: i32, c: usize, cRowStride: i32, begin: i32, end: i32, _scratch: usize): void {
  mirror<f32>(n, c, <usize>cRowStride * sizeof<f32>(), begin, end);
}

export function mirror_f64(n: i32, c: usize, cRowStride: i32, begin: i32, end: i32, _scratch: usize): void {
  mirror<f64>(n, c, <usize>cRowStride * sizeof<f64>(), begin, end);
}

/** C(i, j) = C(j, i) for j < i, rows begin..end. */
function mirror<T>(n: i32, c: usize, cRow: usize, begin: i32, end: i32): void {
  const size: usize = sizeof<T>();
  end = min(end, n);
  for (let first = begin; first < end; first += STRIP) {
    const rows = min(STRIP, end - first);
    const squares = rows == STRIP ? first & -lanes<T>() : 0;
    for (let j = 0; j < squares; j += lanes<T>()) {
      for (let i = first; i < first + STRIP; i += lanes<T>()) {
        transpose<T>(at(at(c, j, cRow), i, size), cRow, at(at(c, i, cRow), j, size), cRow);
      }
    }
    for (let i = first; i < first + rows; i++) {
      for (let j = squares; j < i; j++) {
        store<T>(at(at(c, i, cRow), j, size), load<T>(at(at(c, j, cRow), i, size)));
      }
    }
  }
}
