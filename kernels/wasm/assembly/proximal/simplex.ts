// Projection of rows onto the simplex { y >= 0, sum y = r }: y = max(x - tau, 0). Michelot's rounds find tau: it is the
// mean of the entries still in, less r over their number, and rises as those below it drop out. Entries are taken less
// the largest of their row, so that at least that one stays; sums are f64 in two chains, whatever T.
//
// `x` points at the first row, rows are `stride` elements apart, [begin, end) are the rows of this call.

import { at } from "../simd";

// exported for f32, f64
export function projectSimplex<T>(n: i32, radius: f64, x: usize, stride: i32, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) projectRow<T>(n, radius, at(x, i, <usize>stride * sizeof<T>()));
}

/** Two entries as f64. */
@inline
function pair<T>(p: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(p));
  return v128.load(p);
}

function projectRow<T>(n: i32, radius: f64, row: usize): void {
  const end = at(row, n, sizeof<T>()), pairs = at(row, n & ~1, sizeof<T>()), step: usize = 2 * sizeof<T>();
  let p = row, tops = f64x2.splat(-Infinity);
  for (; p < pairs; p += step) tops = f64x2.max(tops, pair<T>(p));
  let largest = max(f64x2.extract_lane(tops, 0), f64x2.extract_lane(tops, 1));
  if (p < end) largest = max(largest, <f64>load<T>(p));

  const shift = f64x2.splat(largest), one = f64x2.splat(1);
  let threshold: f64 = -Infinity, kept = <f64>n + 1;
  while (true) {
    const least = f64x2.splat(threshold);
    let sums = f64x2.splat(0), counts = f64x2.splat(0);
    for (p = row; p < pairs; p += step) {
      const own = f64x2.sub(pair<T>(p), shift), stays = f64x2.gt(own, least);
      sums = f64x2.add(sums, v128.and(own, stays));
      counts = f64x2.add(counts, v128.and(one, stays));
    }
    let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    let count = f64x2.extract_lane(counts, 0) + f64x2.extract_lane(counts, 1);
    if (p < end) {
      const own = <f64>load<T>(p) - largest;
      if (own > threshold) {
        sum += own;
        count += 1;
      }
    }
    if (!(count < kept)) break;
    kept = count;
    threshold = (sum - radius) / count;
  }
  for (p = row; p < end; p += sizeof<T>()) store<T>(p, <T>max(<f64>load<T>(p) - largest - threshold, 0.0));
}
