// Losses of ordered bins: -w log(F(u - x) - F(l - x)) with the logistic or the normal F. `bins` are rows of three f64:
// ends, which may be infinite, and the constant of the logistic loss. Levels are u32, one an entry; `weights` is 0 where
// there are none. Formulas as in the contract's link.ts; exponentials and logarithms of this build.

import { BIN_WORDS, LOGIT, PROXIMAL_STEPS, PROXIMAL_TOLERANCE } from "../../../contract/completion/constants";
import { exponential, logarithmAbove } from "../elementary";
import { normalGradient, normalHessian, normalLoss, normalTerms } from "./normal";
import { f64At } from "../l0/memory";

@inline
function binOf(bins: usize, levels: usize, k: i32): usize {
  return bins + <usize> (load<u32>(levels + (<usize> k << 2)) * BIN_WORDS << 3);
}

/** log(1 + exp t), from e = exp(-|t|). */
@inline
function softplus(t: f64, e: f64): f64 {
  return max(t, 0.0) + logarithmAbove(e);
}

/** 1 / (1 + exp(-t)), from the same. */
@inline
function logistic(t: f64, e: f64): f64 {
  return (t >= 0 ? 1 : e) / (1 + e);
}

/** tanh(t / 2) / 2t, from e = exp(-|t|). */
@inline
function majorising(t: f64, e: f64): f64 {
  const distance = abs(t);
  if (distance < 1e-4) return (1 - distance * distance / 12) / 4;
  return (1 - e) / ((1 + e) * 2 * distance);
}

export function binTerms_f64(
  link: i32, bins: usize, levels: usize, weights: usize, latent: usize,
  losses: usize, gradients: usize, curvatures: usize, begin: i32, end: i32, _scratch: usize,
): void {
  for (let k = begin; k < end; k++) {
    const bin = binOf(bins, levels, k), lower = load<f64>(bin), upper = load<f64>(bin, 8);
    const x = load<f64>(f64At(latent, k)), weight = weights ? load<f64>(f64At(weights, k)) : 1;
    let loss: f64, gradient: f64, curvature: f64;
    if (link == LOGIT) {
      loss = load<f64>(bin, 16);
      gradient = 0;
      curvature = 0;
      if (upper < Infinity) {
        const t = x - upper, e = exponential(-abs(t));
        loss += softplus(t, e);
        gradient += logistic(t, e);
        curvature += majorising(t, e);
      }
      if (lower > -Infinity) {
        const t = lower - x, e = exponential(-abs(t));
        loss += softplus(t, e);
        gradient -= logistic(t, e);
        curvature += majorising(t, e);
      }
    } else {
      normalTerms(lower, upper, x);
      loss = normalLoss;
      gradient = normalGradient;
      curvature = 1;
    }
    store<f64>(f64At(losses, k), weight * loss);
    store<f64>(f64At(gradients, k), weight * gradient);
    store<f64>(f64At(curvatures, k), weight * curvature);
  }
}

export function binProximal_f64(
  link: i32, bins: usize, levels: usize, weights: usize, penalty: f64, centers: usize, points: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let k = begin; k < end; k++) {
    const bin = binOf(bins, levels, k), lower = load<f64>(bin), upper = load<f64>(bin, 8);
    const weight = weights ? load<f64>(f64At(weights, k)) : 1, center = load<f64>(f64At(centers, k));
    let z = load<f64>(f64At(points, k)), least = -Infinity, most = Infinity;
    for (let step = 0; step < PROXIMAL_STEPS; step++) {
      let gradient: f64 = 0, hessian: f64 = 0;
      if (link == LOGIT) {
        if (upper < Infinity) {
          const t = z - upper, e = exponential(-abs(t));
          gradient += logistic(t, e);
          hessian += e / ((1 + e) * (1 + e));
        }
        if (lower > -Infinity) {
          const t = lower - z, e = exponential(-abs(t));
          gradient -= logistic(t, e);
          hessian += e / ((1 + e) * (1 + e));
        }
      } else {
        normalTerms(lower, upper, z);
        gradient = normalGradient;
        hessian = normalHessian;
      }
      const residual = weight * gradient + penalty * (z - center);
      if (residual > 0) most = z;
      else least = z;
      let next = z - residual / (weight * hessian + penalty);
      if (!(next >= least && next <= most)) next = (least + most) / 2;
      const change = abs(next - z);
      z = next;
      if (!(change > PROXIMAL_TOLERANCE * (1 + abs(z)))) break;
    }
    store<f64>(f64At(points, k), z);
  }
}
