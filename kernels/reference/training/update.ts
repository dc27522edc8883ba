import type { AdamwUpdateArguments, PairwiseSumArguments, SgdUpdateArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";

/** Neighbours in pairs, then pairs of pairs. */
export function pairwiseSum({ terms, shares, sum }: PairwiseSumArguments): void {
  const { values, stride, rows, columns } = matrixView(terms), factors = shares && vectorView(shares);
  if (factors) {
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) values[i * stride + j] *= factors[i];
  }
  for (let distance = 1; distance < rows; distance *= 2) {
    for (let i = 0; i + distance < rows; i += 2 * distance) {
      for (let j = 0; j < columns; j++) values[i * stride + j] += values[(i + distance) * stride + j];
    }
  }
  if (sum) vectorView(sum).set(values.subarray(0, columns));
}

/** Momentum, with the weight decay in the gradient. */
export function sgdUpdate(
  { parameters, gradient, velocity, learningRate, momentum, weightDecay, scale, nesterov }: SgdUpdateArguments,
): void {
  const w = vectorView(parameters), g = vectorView(gradient), u = vectorView(velocity);
  for (let k = 0; k < w.length; k++) {
    const slope = scale * g[k] + weightDecay * w[k], speed = momentum * u[k] + slope;
    u[k] = speed;
    w[k] -= learningRate * (nesterov ? slope + momentum * speed : speed);
  }
}

/** Adam with decoupled weight decay. */
export function adamwUpdate(
  { parameters, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, epsilon, weightDecay, scale, step }:
    AdamwUpdateArguments,
): void {
  const w = vectorView(parameters), g = vectorView(gradient), m = vectorView(firstMoment), v = vectorView(secondMoment);
  const first = 1 / (1 - beta1 ** step), second = 1 / (1 - beta2 ** step);
  for (let k = 0; k < w.length; k++) {
    const slope = scale * g[k], mean = beta1 * m[k] + (1 - beta1) * slope;
    const square = beta2 * v[k] + (1 - beta2) * slope * slope;
    m[k] = mean;
    v[k] = square;
    w[k] -= learningRate * (mean * first / (Math.sqrt(square * second) + epsilon) + weightDecay * w[k]);
  }
}
