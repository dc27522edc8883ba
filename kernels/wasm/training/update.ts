import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.pairwiseSum}: columns split. */
export const pairwiseSum: Lowering<"pairwiseSum"> = ({ terms, shares, sum }) => [{
  entry: `pairwiseSum_${terms.array.dtype}`,
  parameters: [terms.rows, addressOf(terms), strideOf(terms), shares ? addressOf(shares) : 0, sum ? addressOf(sum) : 0],
  extent: terms.columns,
  grain: grainFor(terms.rows, 16),
}];

/** Lowering of {@linkcode Kernels.sgdUpdate}: elements split. */
export const sgdUpdate: Lowering<"sgdUpdate"> = (
  { parameters, gradient, velocity, learningRate, momentum, weightDecay, scale, nesterov },
) => [{
  entry: `sgdUpdate_${parameters.array.dtype}`,
  parameters: [
    ...[parameters, gradient, velocity].map(addressOf),
    learningRate,
    momentum,
    weightDecay,
    scale,
    nesterov ? 1 : 0,
  ],
  extent: parameters.length,
  grain: grainFor(3, 16),
}];

/** Lowering of {@linkcode Kernels.adamwUpdate}: elements split. */
export const adamwUpdate: Lowering<"adamwUpdate"> = (
  { parameters, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, epsilon, weightDecay, scale, step },
) => [{
  entry: `adamwUpdate_${parameters.array.dtype}`,
  parameters: [
    ...[parameters, gradient, firstMoment, secondMoment].map(addressOf),
    learningRate,
    beta1,
    beta2,
    epsilon,
    weightDecay,
    scale,
    1 / (1 - beta1 ** step),
    1 / (1 - beta2 ** step),
  ],
  extent: parameters.length,
  grain: grainFor(10, 16),
}];
