// Inner products of rows, in f64; products of f32 are summed in f32 in short runs, as `dot` does. [begin, end) are rows.

import { dot } from "../dense/vector";
import { at } from "../simd";

// exported for f32, f64
export function rowDots<T>(
  columns: i32, x: usize, xStride: i32, y: usize, yStride: i32, values: usize, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    store<f64>(at(values, i, 8), dot<T>(columns, at(x, i * xStride, size), at(y, i * yStride, size)));
  }
}

/** Row i of the upper triangle, and column i of the lower one. */
// exported for f32, f64
export function rowGram<T>(
  rows: i32, columns: i32, a: usize, stride: i32, gram: usize, gramStride: i32, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    const own = at(a, i * stride, size);
    for (let k = i; k < rows; k++) {
      const product = dot<T>(columns, own, at(a, k * stride, size));
      store<f64>(at(gram, i * gramStride + k, 8), product);
      store<f64>(at(gram, k * gramStride + i, 8), product);
    }
  }
}
