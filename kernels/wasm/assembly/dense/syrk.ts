// Gram matrix: C = alpha * A^T A + beta * C for row-major A [k x n] (samples x features), at half the flops of a
// product.
//
// syrk_* computes, reads and writes the upper triangle; mirror_* then copies it below the diagonal, once no syrk_*
// runs. In syrk_f32_f64 each block of DEPTH_BLOCK samples is summed in f32 and the blocks in f64: the error of a sum of
// DEPTH_BLOCK terms however many samples there are, at the speed of f32.
//
// The ranges of syrk_* count the upper half of the rows, ceil(n / 2): row i brings its mirror image n - 1 - i along, so
// that every index is the same work, about n + 1 columns, and equal ranges are balanced.
import { product } from "./gemm";
import { at, lanes } from "../simd";
import { transpose } from "./pack";

/** Rows of one strip of the mirror: one cache line of f32. */
const STRIP: i32 = 16;

// exported for f32, f64, f32_f64
export function syrk<T, U>(
  n: i32, k: i32, alpha: U, a: usize, aRowStride: i32, beta: U, c: usize, cRowStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  gram<T, U>(n, k, alpha, a, 1, aRowStride, beta, c, cRowStride, begin, end, scratch);
}

/**
 * C = alpha * B B^T + beta * C on and above the diagonal, for B [n x k] whose element (i, j) is a[i * across + j *
 * along].
 */
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

/** C(i, j) = C(j, i) for j < i, rows begin..end. */
// exported for f32, f64
export function mirror<T>(n: i32, c: usize, cRowStride: i32, begin: i32, end: i32): void {
  const size: usize = sizeof<T>(), cRow = <usize>cRowStride * size;
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
