// Exponentials of four f32 at a time, without tables.

import { multiplyAdd } from "./simd";

/**
 * `exp x` in each lane to some units in the last place, for `x <= 88`; below -87, exp(-87), so that nothing is denormal.
 * The polynomial is that of the Cephes library (Moshier 1989).
 */
@inline
export function exponentials(x: v128): v128 {
  const bounded = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(88));
  const k = f32x4.nearest(f32x4.mul(bounded, f32x4.splat(1.44269504088896341)));
  // log 2 in two parts: k times the first is exact.
  let r = f32x4.sub(bounded, f32x4.mul(k, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(k, f32x4.splat(2.12194440e-4)));
  let series = f32x4.splat(1.9875691500e-4);
  series = multiplyAdd<f32>(series, r, f32x4.splat(1.3981999507e-3));
  series = multiplyAdd<f32>(series, r, f32x4.splat(8.3334519073e-3));
  series = multiplyAdd<f32>(series, r, f32x4.splat(4.1665795894e-2));
  series = multiplyAdd<f32>(series, r, f32x4.splat(1.6666665459e-1));
  series = multiplyAdd<f32>(series, r, f32x4.splat(5.0000001201e-1));
  series = f32x4.add(multiplyAdd<f32>(f32x4.mul(series, r), r, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(k), i32x4.splat(127)), 23);
  return f32x4.mul(series, power);
}
