// Vector kernels: dot, axpy, nrm2. Contiguous operands of T, no alignment required.
//
// Deno checks the bounds of every access, so loads are wide and loops unrolled four vectors deep, which also covers the
// latency of the adder. Tails run through the same vector instructions one lane at a time: the result of axpy does not
// depend on where its range is cut, in the fused build too.
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** Bytes of one turn: four vectors. */
const TURN: i32 = 4 * VECTOR;

/** Elements of f32 that are summed in f32 before the sum moves to f64. */
const F32_RUN: i32 = 256;

/** The sum of the lanes, in f64. */
@inline
export function laneSum<T>(a: v128): f64 {
  if (sizeof<T>() == 8) return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  return laneSum<f64>(f64x2.add(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(i64x2.shuffle(a, a, 1, 1))));
}

/**
 * x . y. An f32 lane sums F32_RUN / 16 products before it is widened, so the error stays below
 * 20 * 2^-24 * sum |x_i y_i| for any length; f64 sums in eight lanes.
 */
// exported for f32, f64
export function dot<T>(n: i32, x: usize, y: usize): f64 {
  const turn = 4 * lanes<T>();
  const run = sizeof<T>() == 4 ? F32_RUN : n & -turn;
  let sum: f64 = 0;
  let i = 0;
  while (n - i >= turn) {
    let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (const stop = min(i + run, n & -turn); i < stop; i += turn) {
      s0 = multiplyAdd<T>(v128.load(x), v128.load(y), s0);
      s1 = multiplyAdd<T>(v128.load(x, 16), v128.load(y, 16), s1);
      s2 = multiplyAdd<T>(v128.load(x, 32), v128.load(y, 32), s2);
      s3 = multiplyAdd<T>(v128.load(x, 48), v128.load(y, 48), s3);
      x += TURN;
      y += TURN;
    }
    sum += laneSum<T>(v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3)));
  }
  for (; i < n; i++) {
    sum += <f64>load<T>(x) * <f64>load<T>(y);
    x += sizeof<T>();
    y += sizeof<T>();
  }
  return sum;
}

/** y += alpha x over n elements. */
export function axpy<T>(n: i32, alpha: T, x: usize, y: usize): void {
  axpyInline<T>(n, alpha, x, y);
}

/** The same in place of a call: for inner loops over short rows. */
@inline
export function axpyInline<T>(n: i32, alpha: T, x: usize, y: usize): void {
  const a = v128.splat<T>(alpha);
  const turn = 4 * lanes<T>();
  for (; n >= turn; n -= turn) {
    v128.store(y, multiplyAdd<T>(a, v128.load(x), v128.load(y)));
    v128.store(y, multiplyAdd<T>(a, v128.load(x, 16), v128.load(y, 16)), 16);
    v128.store(y, multiplyAdd<T>(a, v128.load(x, 32), v128.load(y, 32)), 32);
    v128.store(y, multiplyAdd<T>(a, v128.load(x, 48), v128.load(y, 48)), 48);
    x += TURN;
    y += TURN;
  }
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(y, multiplyAdd<T>(a, v128.load(x), v128.load(y)));
    x += VECTOR;
    y += VECTOR;
  }
  for (; n > 0; n--) {
    storeOne<T>(y, multiplyAdd<T>(a, loadOne<T>(x), loadOne<T>(y)));
    x += sizeof<T>();
    y += sizeof<T>();
  }
}

/** The same over a range. */
// exported as axpy for f32, f64
export function axpyRange<T>(alpha: T, x: usize, y: usize, begin: i32, end: i32): void {
  axpy<T>(end - begin, alpha, at(x, begin, sizeof<T>()), at(y, begin, sizeof<T>()));
}

/**
 * ||x||_2. Between `low` and infinity the plain sum of squares has lost nothing that matters: what underflowed is below
 * a unit in its last place. Elsewhere a second and a third pass scale by the largest magnitude.
 */
// exported for f32, f64
export function nrm2<T>(n: i32, x: usize): f64 {
  const low = sizeof<T>() == 4 ? 1e-20 : 1e-270;
  const squares = dot<T>(n, x, x);
  if (squares >= low && squares < Infinity) return sqrt(squares);
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) {
    const magnitude = abs(<f64>load<T>(at(x, i, sizeof<T>())));
    if (isNaN(magnitude)) return NaN;
    largest = max(largest, magnitude);
  }
  if (largest == 0 || largest == Infinity) return largest;
  let sum: f64 = 0;
  for (let i = 0; i < n; i++) {
    const scaled = <f64>load<T>(at(x, i, sizeof<T>())) / largest;
    sum += scaled * scaled;
  }
  return largest * sqrt(sum);
}
