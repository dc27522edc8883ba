// The perspective relaxation of the l0-l2 penalty and its conjugates: see kernels/spec/perspective.ts for the mathematics.

/** `psi(x)` within the bound. */
@inline
export function relaxedAt(x: f64, lambda0: f64, lambda2: f64, bound: f64, threshold: f64, ratio: f64): f64 {
  const magnitude = abs(x);
  return ratio <= bound && magnitude > ratio ? lambda0 + lambda2 * x * x : threshold * magnitude;
}

/** `phi*(u)`. */
@inline
export function keptConjugate(u: f64, lambda0: f64, lambda2: f64, bound: f64): f64 {
  const magnitude = abs(u);
  if (magnitude == 0) return -lambda0;
  if (lambda2 > 0 && magnitude <= 2 * lambda2 * bound) return u * u / (4 * lambda2) - lambda0;
  return bound == Infinity ? Infinity : bound * magnitude - lambda0 - lambda2 * bound * bound;
}

/** `psi*(u)`. */
@inline
export function relaxedConjugate(u: f64, lambda0: f64, lambda2: f64, bound: f64, threshold: f64): f64 {
  return abs(u) <= threshold ? 0 : max<f64>(0, keptConjugate(u, lambda0, lambda2, bound));
}
