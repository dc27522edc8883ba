// Jacobi rotations. Rows of T, any stride, no alignment required.
//
// jacobiSweep: a [n, n] symmetric, both triangles; rows p and q are rotated, then mirrored into the columns.
// orthogonalizePairs: one round of a tournament, in which each row meets one other: its pairs are independent.
import { dot } from "../dense/vector";
import { at } from "../simd";
import { rotate, tangent } from "./rotation";

/** One sweep over all pairs p < q with |a_pq| > threshold; returns the rotations. */
// exported for f32, f64
export function jacobiSweep<T>(
  n: i32, threshold: f64, a: usize, aRowStride: i32, width: i32, vectors: usize, vectorStride: i32,
): i32 {
  const row = <usize>aRowStride * sizeof<T>(), other = <usize>vectorStride * sizeof<T>();
  let count = 0;
  for (let p = 0; p < n; p++) {
    const x = at(a, p, row);
    for (let q = p + 1; q < n; q++) {
      const gamma = <f64>load<T>(at(x, q, sizeof<T>()));
      if (!(abs(gamma) > threshold)) continue;
      const y = at(a, q, row);
      const alpha = <f64>load<T>(at(x, p, sizeof<T>())), beta = <f64>load<T>(at(y, q, sizeof<T>()));
      const t = tangent(alpha, beta, gamma), c = 1 / sqrt(1 + t * t), s = c * t;
      rotate<T>(n, x, y, c, s);
      let left = at(a, p, sizeof<T>()), right = at(a, q, sizeof<T>());
      for (let r = 0; r < n; r++) {
        store<T>(left, load<T>(at(x, r, sizeof<T>())));
        store<T>(right, load<T>(at(y, r, sizeof<T>())));
        left += row;
        right += row;
      }
      store<T>(at(x, p, sizeof<T>()), <T>(alpha - t * gamma));
      store<T>(at(y, q, sizeof<T>()), <T>(beta + t * gamma));
      store<T>(at(x, q, sizeof<T>()), 0);
      store<T>(at(y, p, sizeof<T>()), 0);
      rotate<T>(width, at(vectors, p, other), at(vectors, q, other), c, s);
      count++;
    }
  }
  return count;
}

/** Tables begin..end of a round: the two rows that meet there become orthogonal; returns the rotations. */
// exported for f32, f64
export function orthogonalizePairs<T>(
  round: i32, rows: i32, tolerance: f64, n: i32, a: usize, aRowStride: i32,
  width: i32, along: usize, alongStride: i32, begin: i32, end: i32,
): i32 {
  const row = <usize>aRowStride * sizeof<T>(), other = <usize>alongStride * sizeof<T>();
  const others = rows + (rows & 1) - 1;
  let count = 0;
  for (let table = begin; table < end; table++) {
    const one = (round + table) % others, two = table == 0 ? others : (round + others - table) % others;
    const p = min(one, two), q = max(one, two);
    if (q >= rows) continue;
    const x = at(a, p, row), y = at(a, q, row);
    const alpha = dot<T>(n, x, x), beta = dot<T>(n, y, y), gamma = dot<T>(n, x, y);
    if (!(abs(gamma) > tolerance * sqrt(alpha) * sqrt(beta))) continue;
    const t = tangent(alpha, beta, gamma), c = 1 / sqrt(1 + t * t), s = c * t;
    rotate<T>(n, x, y, c, s);
    rotate<T>(width, at(along, p, other), at(along, q, other), c, s);
    count++;
  }
  return count;
}
