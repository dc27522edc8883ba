/**
 * Ordered bins of a latent value: `P(q | x) = F(u - x) - F(l - x)` for the bin `(l, u]`, with `F` the logistic or the
 * normal distribution function. Plain TypeScript, without loss of digits in either tail.
 *
 * @module
 */

import { LOGIT, PROBIT } from "./constants.ts";
import { scaledTail } from "../normal_tail.ts";

/** The distributions by the names that callers use. */
export const linkCodes: { readonly [L in Link]: number } = { logit: LOGIT, probit: PROBIT };

/** Name of a distribution. */
export type Link = "logit" | "probit";

/** Value and two derivatives of a loss. */
export interface LossTerms {
  readonly loss: number;
  readonly gradient: number;
  readonly hessian: number;
}

/**
 * `-log P` of a bin and its derivatives in `x`; the hessian is that of the function itself, 0 to 1/2 or to 1.
 *
 * @param constant {@linkcode binConstant} of the bin, where it is at hand.
 */
export function binLoss(link: Link, lower: number, upper: number, x: number, constant?: number): LossTerms {
  if (link === "probit") return probitLoss(lower, upper, x);
  return logitLoss(x - upper, lower - x, constant ?? binConstant(link, lower, upper));
}

/** `-log(1 - exp(l - u))`: what the logistic loss has beyond two softplus; 0 where a side is open. */
export function binConstant(link: Link, lower: number, upper: number): number {
  return link === "logit" && upper - lower < Infinity ? -Math.log(-Math.expm1(lower - upper)) : 0;
}

/** By the distances of `x` above the upper and below the lower end: `log(1 + exp(t))` of both, and their derivatives. */
function logitLoss(above: number, below: number, constant: number): LossTerms {
  const a = Math.exp(-Math.abs(above)), b = Math.exp(-Math.abs(below)), p = 1 / (1 + a), q = 1 / (1 + b);
  return {
    loss: Math.max(above, 0) + Math.log1p(a) + (Math.max(below, 0) + Math.log1p(b)) + constant,
    gradient: (above >= 0 ? p : a * p) - (below >= 0 ? q : b * q),
    hessian: a * p * p + b * q * q,
  };
}

const halfLogTwoPi = 0.9189385332046728, rootTwo = Math.SQRT2, rootTwoOverPi = 0.7978845608028654;

/** Widths times magnitudes below which the probability of a bin is taken as a series about its middle. */
const narrow = 0.05;

function probitLoss(lower: number, upper: number, x: number): LossTerms {
  // Mirrored so that the mass is on the left, where it is small: there, nothing cancels.
  const mirrored = upper - x > x - lower;
  const a = mirrored ? x - lower : upper - x, b = mirrored ? x - upper : lower - x;
  const terms = leftTerms(b, a, upper - lower);
  return mirrored ? { ...terms, gradient: -terms.gradient } : terms;
}

/** For a bin `(b, a]` around or left of zero, about `x = 0`. */
function leftTerms(b: number, a: number, width: number): LossTerms {
  if (a === Infinity) return { loss: 0, gradient: 0, hessian: 0 };
  const middle = (a + b) / 2;
  if (width * (1 + Math.abs(middle)) < narrow) {
    // phi(m + t) about the middle m: Hermite polynomials of m times even moments of t.
    const m = middle * middle, w = width * width;
    const series = 1 + (m - 1) * w / 24 + ((m - 6) * m + 3) * w * w / 1920 +
      (((m - 15) * m + 45) * m - 15) * w * w * w / 322560;
    // Of its logarithm in m: the derivative along x is that along -m.
    const first = middle * (w / 12 + (4 * m - 12) * w * w / 1920 + ((6 * m - 60) * m + 90) * w * w * w / 322560);
    const second = w / 12 + (12 * m - 12) * w * w / 1920 + ((30 * m - 180) * m + 90) * w * w * w / 322560;
    const slope = first / series;
    return {
      loss: m / 2 + halfLogTwoPi - Math.log(width * series),
      gradient: -(middle - slope),
      hessian: 1 - second / series + slope * slope,
    };
  }
  if (a > 0) {
    const mass = 1 - (tail(a) + tail(-b));
    const p = Math.exp(-a * a / 2 - halfLogTwoPi) / mass,
      r = b === -Infinity ? 0 : Math.exp(-b * b / 2 - halfLogTwoPi) / mass;
    const gradient = p - r, moment = a * p - (b === -Infinity ? 0 : b * r);
    return { loss: -Math.log1p(-(tail(a) + tail(-b))), gradient, hessian: moment + gradient * gradient };
  }
  // All of it left of zero: relative to the tail up to `a`.
  const scaled = scaledTail(-a / rootTwo);
  const share = b === -Infinity ? 0 : Math.exp((a - b) * (a + b) / 2);
  const remaining = 1 - (share === 0 ? 0 : share * scaledTail(-b / rootTwo) / scaled);
  const p = rootTwoOverPi / (scaled * remaining), r = p * share;
  const gradient = p - r, moment = a * p - (share === 0 ? 0 : b * r);
  return {
    loss: a * a / 2 - Math.log(scaled * remaining / 2),
    gradient,
    hessian: Math.min(1, Math.max(0, moment + gradient * gradient)),
  };
}

/** `1 - Phi(t)` for `t >= 0`. */
function tail(t: number): number {
  return t === Infinity ? 0 : scaledTail(t / rootTwo) * Math.exp(-t * t / 2) / 2;
}
