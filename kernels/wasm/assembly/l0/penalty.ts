// The l0-l2 penalty of a coordinate, its perspective relaxation and their conjugates, over the words of one penalty in
// memory: see kernels/contract/l0/penalty.ts for the mathematics.

import {
  COUNTED, PENALTY_BOUND, PENALTY_LAMBDA0, PENALTY_LAMBDA2, PENALTY_RATIO, PENALTY_THRESHOLD, RELAXED,
} from "../../../contract/l0/constants";

/** The words of a penalty. */
@unmanaged
export class Penalty {
  @inline
  get lambda0(): f64 {
    return load<f64>(changetype<usize>(this), 8 * PENALTY_LAMBDA0);
  }

  @inline
  get lambda2(): f64 {
    return load<f64>(changetype<usize>(this), 8 * PENALTY_LAMBDA2);
  }

  @inline
  get bound(): f64 {
    return load<f64>(changetype<usize>(this), 8 * PENALTY_BOUND);
  }

  @inline
  get threshold(): f64 {
    return load<f64>(changetype<usize>(this), 8 * PENALTY_THRESHOLD);
  }

  @inline
  get ratio(): f64 {
    return load<f64>(changetype<usize>(this), 8 * PENALTY_RATIO);
  }
}

/** `psi(x)` within the bound. */
@inline
export function relaxedAt(x: f64, penalty: Penalty): f64 {
  const magnitude = abs(x), ratio = penalty.ratio;
  return ratio <= penalty.bound && magnitude > ratio ? countedAt(x, penalty) : penalty.threshold * magnitude;
}

/** The penalty of a coordinate in the support. */
@inline
export function countedAt(x: f64, penalty: Penalty): f64 {
  return penalty.lambda0 + penalty.lambda2 * x * x;
}

/** `phi*(u)`. */
@inline
export function keptConjugate(u: f64, penalty: Penalty): f64 {
  const magnitude = abs(u), lambda0 = penalty.lambda0, lambda2 = penalty.lambda2, bound = penalty.bound;
  if (magnitude == 0) return -lambda0;
  if (lambda2 > 0 && magnitude <= 2 * lambda2 * bound) return u * u / (4 * lambda2) - lambda0;
  return bound == Infinity ? Infinity : bound * magnitude - lambda0 - lambda2 * bound * bound;
}

/** `psi*(u)`. */
@inline
export function relaxedConjugate(u: f64, penalty: Penalty): f64 {
  return abs(u) <= penalty.threshold ? 0 : max<f64>(0, keptConjugate(u, penalty));
}

/** The minimiser of `A x^2 / 2 - C x + g(x)`. */
@inline
export function minimiser(kind: u32, curvature: f64, derivative: f64, penalty: Penalty): f64 {
  const magnitude = abs(derivative);
  if (magnitude == 0 || (kind == RELAXED && magnitude <= penalty.threshold)) return 0;
  const lambda2 = penalty.lambda2, bound = penalty.bound;
  let x = min(magnitude / (curvature + 2 * lambda2), bound);
  if (kind == RELAXED) {
    const linear = (magnitude - penalty.threshold) / curvature, ratio = penalty.ratio;
    if (!(ratio <= bound && linear > ratio)) x = min(linear, bound);
  } else if (kind == COUNTED) {
    if (!(magnitude * x - (curvature / 2 + lambda2) * x * x - penalty.lambda0 > 0)) return 0;
  }
  return derivative < 0 ? -x : x;
}

/** Decrease of `A x^2 / 2 - C x` net of the penalty, at the best nonzero x within the bound. */
@inline
export function entryGain(curvature: f64, derivative: f64, penalty: Penalty): f64 {
  const lambda2 = penalty.lambda2, x = min(abs(derivative) / (curvature + 2 * lambda2), penalty.bound);
  return abs(derivative) * x - (curvature / 2 + lambda2) * x * x - penalty.lambda0;
}
