// Plane rotations of two rows: (x, y) becomes (c x - s y, s x + c y).
import { loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** c x - s y and s x + c y, of vectors. */
@inline
function turned<T>(c: v128, x: v128, s: v128, y: v128): v128 {
  return multiplyAdd<T>(s, y, v128.mul<T>(c, x));
}

/** Rotates n elements from `x` and `y` on. */
export function rotate<T>(n: i32, x: usize, y: usize, cosine: f64, sine: f64): void {
  const c = v128.splat<T>(<T>cosine), s = v128.splat<T>(<T>sine), negative = v128.splat<T>(<T>-sine);
  const end = x + <usize>n * sizeof<T>(), whole = x + ((<usize>n * sizeof<T>()) & -VECTOR);
  for (; x < whole; x += VECTOR) {
    const one = v128.load(x), other = v128.load(y);
    v128.store(x, turned<T>(c, one, negative, other));
    v128.store(y, turned<T>(c, other, s, one));
    y += VECTOR;
  }
  for (; x < end; x += sizeof<T>()) {
    const one = loadOne<T>(x), other = loadOne<T>(y);
    storeOne<T>(x, turned<T>(c, one, negative, other));
    storeOne<T>(y, turned<T>(c, other, s, one));
    y += sizeof<T>();
  }
}

/** Tangent of the smaller angle that makes `gamma` of [[alpha, gamma], [gamma, beta]] zero (Rutishauser 1966). */
@inline
export function tangent(alpha: f64, beta: f64, gamma: f64): f64 {
  const zeta = (beta - alpha) / (2 * gamma);
  return (zeta < 0 ? -1.0 : 1.0) / (abs(zeta) + sqrt(1 + zeta * zeta));
}
