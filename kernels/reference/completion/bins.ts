import type { BinProximalArguments, BinTermsArguments } from "../../contract.ts";
import {
  BIN_LOWER,
  BIN_UPPER,
  BIN_WORDS,
  PROXIMAL_STEPS,
  PROXIMAL_TOLERANCE,
} from "../../contract/completion/constants.ts";
import { binLoss } from "../../contract/completion/link.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** `tanh(t / 2) / 2t`, the curvature of a parabola above a logistic loss at distance `t`. */
function majorising(t: number): number {
  const distance = Math.abs(t);
  if (distance < 1e-4) return (1 - distance * distance / 12) / 4;
  return Math.tanh(distance / 2) / (2 * distance);
}

/** Losses, derivatives and majorising curvatures. */
export function binTerms(operands: BinTermsArguments): void {
  const { link } = operands, bins = matrixView(operands.bins).values, levels = hostView(operands.levels);
  const weights = operands.weights && vectorView(operands.weights), latent = vectorView(operands.latent);
  const losses = vectorView(operands.losses), gradients = vectorView(operands.gradients);
  const curvatures = vectorView(operands.curvatures);
  for (let k = 0; k < latent.length; k++) {
    const bin = levels[k] * BIN_WORDS, lower = bins[bin + BIN_LOWER], upper = bins[bin + BIN_UPPER];
    const x = latent[k], weight = weights ? weights[k] : 1, { loss, gradient } = binLoss(link, lower, upper, x);
    losses[k] = weight * loss;
    gradients[k] = weight * gradient;
    curvatures[k] = weight * (link === "logit" ? majorising(upper - x) + majorising(x - lower) : 1);
  }
}

/** Proximal points by Newton steps inside a bracket. */
export function binProximal(operands: BinProximalArguments): void {
  const { link, penalty } = operands, bins = matrixView(operands.bins).values, levels = hostView(operands.levels);
  const weights = operands.weights && vectorView(operands.weights);
  const centers = vectorView(operands.centers), points = vectorView(operands.points);
  for (let k = 0; k < centers.length; k++) {
    const bin = levels[k] * BIN_WORDS, lower = bins[bin + BIN_LOWER], upper = bins[bin + BIN_UPPER];
    const weight = weights ? weights[k] : 1, center = centers[k];
    let z = points[k], least = -Infinity, most = Infinity;
    for (let step = 0; step < PROXIMAL_STEPS; step++) {
      const { gradient, hessian } = binLoss(link, lower, upper, z);
      const residual = weight * gradient + penalty * (z - center);
      if (residual > 0) most = z;
      else least = z;
      let next = z - residual / (weight * hessian + penalty);
      if (!(next >= least && next <= most)) next = (least + most) / 2;
      const change = Math.abs(next - z);
      z = next;
      if (!(change > PROXIMAL_TOLERANCE * (1 + Math.abs(z)))) break;
    }
    points[k] = z;
  }
}
