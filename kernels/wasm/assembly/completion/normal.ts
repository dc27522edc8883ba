// The loss of a bin of a normal variable, -log(Phi(u - x) - Phi(l - x)), with two derivatives: as in the contract's
// link.ts. The three numbers are left in variables of this module, which every instance has for itself: they are read
// before another loss is computed.

import { exponential, logarithm } from "../elementary";

export let normalLoss: f64 = 0;
export let normalGradient: f64 = 0;
export let normalHessian: f64 = 0;

const HALF_LOG_TWO_PI: f64 = 0.9189385332046728;
const HALF_ROOT: f64 = 0.7071067811865476;
const ROOT_TWO_OVER_PI: f64 = 0.7978845608028654;

/** Widths times magnitudes below which the probability is taken as a series about the middle. */
const NARROW: f64 = 0.05;

export function normalTerms(lower: f64, upper: f64, x: f64): void {
  const above = upper - x, below = x - lower;
  // Mirrored so that the mass is on the left, where it is small.
  if (above > below) {
    leftTerms(-above, below, upper - lower);
    normalGradient = -normalGradient;
  } else leftTerms(-below, above, upper - lower);
}

/** For the bin (b, a], around or left of zero. */
function leftTerms(b: f64, a: f64, width: f64): void {
  if (a == Infinity) {
    normalLoss = 0;
    normalGradient = 0;
    normalHessian = 0;
    return;
  }
  const middle = (a + b) / 2;
  if (width * (1 + abs(middle)) < NARROW) {
    const m = middle * middle, w = width * width;
    const series = 1 + (m - 1) * w / 24 + ((m - 6) * m + 3) * w * w / 1920 +
      (((m - 15) * m + 45) * m - 15) * w * w * w / 322560;
    const first = middle * (w / 12 + (4 * m - 12) * w * w / 1920 + ((6 * m - 60) * m + 90) * w * w * w / 322560);
    const second = w / 12 + (12 * m - 12) * w * w / 1920 + ((30 * m - 180) * m + 90) * w * w * w / 322560;
    const slope = first / series;
    normalLoss = m / 2 + HALF_LOG_TWO_PI - logarithm(width * series);
    normalGradient = slope - middle;
    normalHessian = 1 - second / series + slope * slope;
    return;
  }
  const open = b == -Infinity;
  if (a > 0) {
    const outside = tail(a) + (open ? 0 : tail(-b)), mass = 1 - outside;
    const p = exponential(-a * a / 2 - HALF_LOG_TWO_PI) / mass;
    const r = open ? 0 : exponential(-b * b / 2 - HALF_LOG_TWO_PI) / mass;
    normalGradient = p - r;
    normalHessian = a * p - (open ? 0 : b * r) + normalGradient * normalGradient;
    normalLoss = logOneMinus(outside);
    return;
  }
  const scaled = scaledTail(-a * HALF_ROOT);
  const share = open ? 0 : exponential((a - b) * (a + b) / 2);
  const remaining = 1 - (share == 0 ? 0 : share * scaledTail(-b * HALF_ROOT) / scaled);
  const p = ROOT_TWO_OVER_PI / (scaled * remaining), r = p * share;
  normalGradient = p - r;
  normalHessian = min(1.0, max(0.0, a * p - (share == 0 ? 0 : b * r) + normalGradient * normalGradient));
  normalLoss = a * a / 2 - logarithm(scaled * remaining / 2);
}

/** -log(1 - y) for 0 <= y < 1. */
function logOneMinus(y: f64): f64 {
  const rest = 1 - y;
  // What rounding took from the difference is made good by the ratio (Kahan).
  return rest == 1 ? y : -logarithm(rest) * (y / (1 - rest));
}

/** 1 - Phi(t) for t >= 0. */
function tail(t: f64): f64 {
  return scaledTail(t * HALF_ROOT) * exponential(-t * t / 2) / 2;
}

/** exp(t^2) erfc(t) for t >= 0: the rational approximations of Cody (1969). */
function scaledTail(t: f64): f64 {
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
