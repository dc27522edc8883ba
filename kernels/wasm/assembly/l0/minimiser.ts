// The minimiser of one coordinate under an l0-l2 penalty: see kernels/contract/l0/penalty.ts for the mathematics.

@inline
const RELAXED: u32 = 0;
@inline
const COUNTED: u32 = 2;

/** The minimiser of `A x^2 / 2 - C x + g(x)`. */
@inline
export function minimiser(
  kind: u32,
  curvature: f64,
  derivative: f64,
  lambda0: f64,
  lambda2: f64,
  bound: f64,
  threshold: f64,
  ratio: f64,
): f64 {
  const magnitude = abs(derivative);
  if (magnitude == 0 || (kind == RELAXED && magnitude <= threshold)) return 0;
  let x = min(magnitude / (curvature + 2 * lambda2), bound);
  if (kind == RELAXED) {
    const linear = (magnitude - threshold) / curvature;
    if (!(ratio <= bound && linear > ratio)) x = min(linear, bound);
  } else if (kind == COUNTED) {
    if (!(magnitude * x - (curvature / 2 + lambda2) * x * x - lambda0 > 0)) return 0;
  }
  return derivative < 0 ? -x : x;
}
