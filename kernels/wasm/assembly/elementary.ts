// Logarithm and exponential, without the tables that the standard library's would bring as data segments.

/** `log x` for normal `x > 0`: x = 2^k m with m about 1, and log m = 2 artanh s, s = (m - 1) / (m + 1), as a series. */
export function logarithm(x: f64): f64 {
  let exponent = <i32> (reinterpret<u64>(x) >> 52) - 1023;
  let m = reinterpret<f64>((reinterpret<u64>(x) & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m /= 2;
    exponent++;
  }
  // |s| <= 0.1716: the first term left out is below 2^-56 of the sum.
  const s = (m - 1) / (m + 1), square = s * s;
  let series: f64 = 0;
  for (let odd: f64 = 21; odd > 1; odd -= 2) series = square * (1 / odd + series);
  return <f64> exponent * 0.6931471805599453 + 2 * (s + s * series);
}

/** `log(1 + x)` for `0 <= x <= 1`, to the last digits of a small x too. */
@inline
export function logarithmAbove(x: f64): f64 {
  const sum = 1 + x;
  // What rounding took from the sum is made good by the ratio (Kahan).
  return sum == 1 ? x : logarithm(sum) * (x / (sum - 1));
}

/** `exp x` for `x <= 709`; 0 below -708, so that nothing is denormal. */
export function exponential(x: f64): f64 {
  if (!(x >= -708)) return x != x ? x : 0;
  const k = nearest(x * 1.4426950408889634);
  // log 2 in two parts: k times the first is exact.
  const r = x - k * 0.6931471803691238 - k * 1.9082149292705877e-10;
  // |r| <= 0.3466: the first term left out is below 2^-57.
  let series: f64 = 1.0 / 6227020800;
  series = series * r + 1.0 / 479001600;
  series = series * r + 1.0 / 39916800;
  series = series * r + 1.0 / 3628800;
  series = series * r + 1.0 / 362880;
  series = series * r + 1.0 / 40320;
  series = series * r + 1.0 / 5040;
  series = series * r + 1.0 / 720;
  series = series * r + 1.0 / 120;
  series = series * r + 1.0 / 24;
  series = series * r + 1.0 / 6;
  series = series * r + 0.5;
  series = series * r * r + r;
  return (1 + series) * reinterpret<f64>(<u64> (<i64> k + 1023) << 52);
}
