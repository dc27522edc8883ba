// The loss of a bin of a normal variable, -log(Phi(u - x) - Phi(l - x)), with two derivatives: as in the contract's
// link.ts, and written apart from it: certificates are sums over that one, which must not share the mistakes of this. The
// three numbers are left in variables of this module, which every instance has for itself: they are read before another
// loss is computed.

import { exponential, logarithm, scaledTail } from "../elementary";

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
