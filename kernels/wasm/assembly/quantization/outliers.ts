// Candidates H + G diag(f) for outliers, in place of G, and the sums of squares of columns;
// contract/quantization/outliers.ts has the mathematics.
//
// Products are computed in f64, whatever T, and never fused with a sum: the same in both builds. A column's sum is
// taken in the order of the rows, whatever the range. Pairs that begin anywhere are as fast as aligned ones.
//
// No scratch.

import { at } from "../simd";
import { loadPair, storePair } from "./pairs";

/** h + g f, the product rounded to T before the sum. */
// exported for f32, f64
export function outlierCandidates<T>(
  columns: i32, residual: usize, residualStride: i32, outliers: usize, outliersStride: i32, steps: usize,
  begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    let g = at(residual, i * residualStride, size), h = at(outliers, i * outliersStride, size), f = steps, j = 0;
    for (; j <= columns - 2; j += 2) {
      storePair<T>(g, v128.mul<f64>(loadPair<T>(g), v128.load(f)));
      storePair<T>(g, v128.add<f64>(loadPair<T>(h), loadPair<T>(g)));
      g += 2 * size;
      h += 2 * size;
      f += 16;
    }
    if (j < columns) store<T>(g, load<T>(h) + <T>(<f64>load<T>(g) * load<f64>(f)));
  }
}

/** The sum over rows of v^2, for columns [begin, end). */
// exported for f32, f64
export function columnSquares<T>(rows: i32, values: usize, stride: i32, squares: usize, begin: i32, end: i32): void {
  const size: usize = sizeof<T>();
  memory.fill(at(squares, begin, 8), 0, <usize>(end - begin) << 3);
  for (let i = 0; i < rows; i++) {
    let v = at(values, i * stride + begin, size), sum = at(squares, begin, 8), j = begin;
    for (; j <= end - 2; j += 2) {
      const pair = loadPair<T>(v);
      v128.store(sum, v128.add<f64>(v128.load(sum), v128.mul<f64>(pair, pair)));
      v += 2 * size;
      sum += 16;
    }
    if (j < end) store<f64>(sum, load<f64>(sum) + <f64>load<T>(v) * <f64>load<T>(v));
  }
}
