// The natural logarithm, without the table that the standard library's would bring as a data segment.

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
