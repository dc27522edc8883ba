// Products of two tall matrices by blocks of their rows: part p is A_p^T B_p for rows p * lines to (p + 1) * lines of A
// [n x m] and B [n x k], row-major at parts + p * partStride; zeros beyond row n. Where b is 0, A_p^T A_p: the upper
// triangle, then its mirror image.
//
// Scratch: PRODUCT_SCRATCH elements of T, private to the thread.

import { at } from "../simd";
import { product } from "./gemm";

// exported for f32, f64
export function partialProducts<T>(
  n: i32, lines: i32, m: i32, a: usize, aRowStride: i32, k: i32, b: usize, bRowStride: i32,
  parts: usize, partStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  const size: usize = sizeof<T>();
  const aRow = <usize>aRowStride * size, bRow = <usize>bRowStride * size, part = <usize>partStride * size;
  const row = <usize>k * size, gram = b == 0;
  for (let p = begin; p < end; p++) {
    const from = min(n, p * lines), depth = min(lines, n - from), to = at(parts, p, part);
    const left = at(a, from, aRow), right = gram ? left : at(b, from, bRow);
    product<T, T>(
      k, depth, 1, left, 1, aRowStride, right, bRowStride, 1, 0, to, k, 0, m, scratch, gram,
    );
    if (!gram) continue;
    for (let i = 1; i < m; i++) {
      for (let j = 0; j < i; j++) store<T>(at(at(to, i, row), j, size), load<T>(at(at(to, j, row), i, size)));
    }
  }
}
