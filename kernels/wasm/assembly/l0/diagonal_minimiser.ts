/** The minimiser of -log t + s t + rest / t, where rest is ||r_i||^2 without y_i's part. */
@inline
export function diagonalMinimiser(s: f64, old: f64, product: f64, norm: f64): f64 {
  const rest = max<f64>(0, norm - 2 * old * product + old * old * s);
  return (1 + sqrt(1 + 4 * s * rest)) / (2 * s);
}
