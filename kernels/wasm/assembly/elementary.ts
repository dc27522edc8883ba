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

/** exp(t^2) erfc(t) for t >= 0: the rational approximations of Cody (1969). */
export function scaledTail(t: f64): f64 {
  if (t <= 0.46875) {
    const y = t * t;
    const numerator = (((1.85777706184603153e-1 * y + 3.16112374387056560) * y + 1.13864154151050156e2) * y +
          3.77485237685302021e2) * y + 3.20937758913846947e3;
    const denominator = (((y + 2.36012909523441209e1) * y + 2.44024637934444173e2) * y + 1.28261652607737228e3) * y +
      2.84423683343917062e3;
    return exponential(y) * (1 - t * numerator / denominator);
  }
  if (t <= 4) {
    const numerator = (((((((2.15311535474403846e-8 * t + 5.64188496988670089e-1) * t + 8.88314979438837594) * t +
                      6.61191906371416295e1) * t + 2.98635138197400131e2) * t + 8.81952221241769090e2) * t +
            1.71204761263407058e3) * t + 2.05107837782607147e3) * t + 1.23033935479799725e3;
    const denominator = (((((((t + 1.57449261107098347e1) * t + 1.17693950891312499e2) * t + 5.37181101862009858e2) *
                    t + 1.62138957456669019e3) * t + 3.29079923573345963e3) * t + 4.36261909014324716e3) * t +
          3.43936767414372164e3) * t + 1.23033935480374942e3;
    return numerator / denominator;
  }
  const y = 1 / (t * t);
  const numerator = ((((1.63153871373020978e-2 * y + 3.05326634961232344e-1) * y + 3.60344899949804439e-1) * y +
          1.25781726111229246e-1) * y + 1.60837851487422766e-2) * y + 6.58749161529837803e-4;
  const denominator = ((((y + 2.56852019228982242) * y + 1.87295284992346047) * y + 5.27905102951428412e-1) * y +
        6.05183413124413191e-2) * y + 2.33520497626869185e-3;
  return (5.6418958354775628695e-1 - y * numerator / denominator) / t;
}
