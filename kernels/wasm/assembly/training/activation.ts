// Activations and the exponential in vectors of T. f64 goes through the scalar exponential of `elementary.ts`.

import { IDENTITY, TANH } from "../../../contract/training/constants";
import { exponential } from "../elementary";
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** tanh of each lane of f32: a quotient of polynomials, the coefficients of Eigen's `generic_fast_tanh_float`. */
@inline
function tanhOfF32(z: v128): v128 {
  // Pseudo-minima keep a first operand that is NaN, in one instruction.
  const x = f32x4.pmax(f32x4.pmin(z, f32x4.splat(7.90531110763549805)), f32x4.splat(-7.90531110763549805));
  const square = f32x4.mul(x, x);
  let p = f32x4.splat(-2.76076847742355e-16);
  p = multiplyAdd<f32>(p, square, f32x4.splat(2.00018790482477e-13));
  p = multiplyAdd<f32>(p, square, f32x4.splat(-8.60467152213735e-11));
  p = multiplyAdd<f32>(p, square, f32x4.splat(5.12229709037114e-08));
  p = multiplyAdd<f32>(p, square, f32x4.splat(1.48572235717979e-05));
  p = multiplyAdd<f32>(p, square, f32x4.splat(6.37261928875436e-04));
  p = multiplyAdd<f32>(p, square, f32x4.splat(4.89352455891786e-03));
  let q = f32x4.splat(1.19825839466702e-06);
  q = multiplyAdd<f32>(q, square, f32x4.splat(1.18534705686654e-04));
  q = multiplyAdd<f32>(q, square, f32x4.splat(2.26843463243900e-03));
  q = multiplyAdd<f32>(q, square, f32x4.splat(4.89352518554385e-03));
  return f32x4.div(f32x4.mul(x, p), q);
}

/** Below, 1 - exp(-2 x) has lost digits that a series has not. */
const SMALL: f64 = 0.25;

function tanhOfF64(x: f64): f64 {
  const size = abs(x);
  if (size < SMALL) {
    // 2 artanh's inverse as a continued fraction (Lambert): the part left out is below 2^-56.
    const s = x * x;
    return x / (1 + s / (3 + s / (5 + s / (7 + s / (9 + s / (11 + s / 13))))));
  }
  const e = exponential(-2 * size);
  return copysign((1 - e) / (1 + e), x);
}

@inline
function tanhOf<T>(z: v128): v128 {
  if (sizeof<T>() == 4) return tanhOfF32(z);
  return f64x2.replace_lane(f64x2.splat(tanhOfF64(f64x2.extract_lane(z, 0))), 1, tanhOfF64(f64x2.extract_lane(z, 1)));
}

@inline
function activated<T>(kind: i32, z: v128): v128 {
  if (kind == IDENTITY) return z;
  return kind == TANH ? tanhOf<T>(z) : v128.max<T>(z, i64x2.splat(0));
}

/** z = activation(z + biases) for each row of n elements. */
export function biasActivation<T>(rows: i32, n: i32, biases: usize, kind: i32, z: usize): void {
  for (let i = 0; i < rows; i++) {
    let b = biases, left = n;
    for (; left >= lanes<T>(); left -= lanes<T>()) {
      v128.store(z, activated<T>(kind, v128.add<T>(v128.load(z), v128.load(b))));
      z += VECTOR;
      b += VECTOR;
    }
    for (; left > 0; left--) {
      storeOne<T>(z, activated<T>(kind, v128.add<T>(loadOne<T>(z), loadOne<T>(b))));
      z += sizeof<T>();
      b += sizeof<T>();
    }
  }
}

/** The slope of the activation, from its output. */
@inline
function slope<T>(kind: i32, a: v128): v128 {
  const one = v128.splat<T>(1);
  if (kind == TANH) return v128.sub<T>(one, v128.mul<T>(a, a));
  return v128.and(one, v128.gt<T>(a, i64x2.splat(0)));
}

/** d *= slope for n elements. */
export function backActivation<T>(n: i32, kind: i32, a: usize, d: usize): void {
  if (kind == IDENTITY) return;
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(d, v128.mul<T>(v128.load(d), slope<T>(kind, v128.load(a))));
    a += VECTOR;
    d += VECTOR;
  }
  for (; n > 0; n--) {
    storeOne<T>(d, v128.mul<T>(loadOne<T>(d), slope<T>(kind, loadOne<T>(a))));
    a += sizeof<T>();
    d += sizeof<T>();
  }
}

/** ra *= slope for n elements: the derivative of an activation. */
export function tangentActivation<T>(n: i32, kind: i32, a: usize, ra: usize): void {
  backActivation<T>(n, kind, a, ra);
}

/** rd = slope rd + slope' d, then d *= slope; the slope of tanh changes by -2 a ra. */
export function backTangentActivation<T>(n: i32, kind: i32, a: usize, ra: usize, d: usize, rd: usize): void {
  if (kind == IDENTITY) return;
  for (let i = 0; i < n; i++) {
    const place = <usize> i * sizeof<T>();
    const own = load<T>(a + place), delta = load<T>(d + place);
    const steep: T = kind == TANH ? 1 - own * own : (own > 0 ? <T> 1 : <T> 0);
    let value = load<T>(rd + place) * steep;
    if (kind == TANH) value += delta * (-2 * own * load<T>(ra + place));
    store<T>(rd + place, value);
    store<T>(d + place, delta * steep);
  }
}

/** exp of each lane of f32, for x <= 0: x = k log 2 + r, a series in r, and k into the exponent. */
@inline
export function exponentialOfF32(z: v128): v128 {
  const x = f32x4.pmax(z, f32x4.splat(-87));
  // 1.5 * 2^23 leaves the nearest integer in the last bits.
  const magic = f32x4.splat(12582912), shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.4426950408889634)), magic);
  const k = f32x4.sub(shifted, magic);
  // log 2 in two parts: k times the first is exact.
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(k, f32x4.splat(0.693359375))), f32x4.mul(k, f32x4.splat(-2.12194440e-4)));
  let series = f32x4.splat(1.0 / 5040);
  series = multiplyAdd<f32>(series, r, f32x4.splat(1.0 / 720));
  series = multiplyAdd<f32>(series, r, f32x4.splat(1.0 / 120));
  series = multiplyAdd<f32>(series, r, f32x4.splat(1.0 / 24));
  series = multiplyAdd<f32>(series, r, f32x4.splat(1.0 / 6));
  series = multiplyAdd<f32>(series, r, f32x4.splat(0.5));
  series = multiplyAdd<f32>(series, r, f32x4.splat(1));
  series = multiplyAdd<f32>(series, r, f32x4.splat(1));
  return f32x4.mul(series, i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23)));
}

/** The largest of n elements; where some are NaN, one of them or the largest of some others. */
@inline
export function largestOf<T>(n: i32, z: usize): T {
  let most = load<T>(z);
  if (sizeof<T>() == 4 && n >= 4) {
    // The last four, some of them again, then one vector after the other.
    let m = v128.load(z + (<usize> (n - 4) << 2));
    for (let j = 0; j + 4 < n; j += 4) m = f32x4.pmax(m, v128.load(z + (<usize> j << 2)));
    m = f32x4.pmax(m, i32x4.shuffle(m, m, 2, 3, 0, 1));
    m = f32x4.pmax(m, i32x4.shuffle(m, m, 1, 0, 3, 2));
    return <T> f32x4.extract_lane(m, 0);
  }
  for (let j = 1; j < n; j++) {
    const value = load<T>(at(z, j, sizeof<T>()));
    if (value > most) most = value;
  }
  return most;
}

/** p = exp(z - shift) for n elements, not in place; returns their sum. */
export function exponentials<T>(n: i32, z: usize, shift: T, p: usize): f64 {
  let sum: f64 = 0;
  if (sizeof<T>() == 4) {
    const s = f32x4.splat(<f32> shift);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      const place = <usize> j << 2;
      v128.store(p + place, exponentialOfF32(f32x4.sub(v128.load(z + place), s)));
    }
    if (j < n && n >= 4) {
      // The last four, some of them again.
      const place = <usize> (n - 4) << 2;
      v128.store(p + place, exponentialOfF32(f32x4.sub(v128.load(z + place), s)));
      j = n;
    }
    for (; j < n; j++) {
      const place = <usize> j << 2;
      storeOne<f32>(p + place, exponentialOfF32(f32x4.sub(loadOne<f32>(z + place), s)));
    }
    for (let j = 0; j < n; j++) sum += <f64> load<f32>(p + (<usize> j << 2));
    return sum;
  }
  for (let j = 0; j < n; j++) {
    const value = exponential(<f64> load<T>(at(z, j, sizeof<T>())) - <f64> shift);
    store<T>(at(p, j, sizeof<T>()), <T> value);
    sum += value;
  }
  return sum;
}
