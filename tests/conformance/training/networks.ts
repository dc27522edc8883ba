/** Networks and samples for the cases of the training family. */

import type { NetworkArguments } from "../../../kernels/contract.ts";
import { LOGISTIC, SOFTMAX, SQUARED } from "../../../kernels/contract/training/constants.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { initialParameters, layersOf, type NetworkSpecification } from "../../../solvers/sharpness/layers.ts";
import type { Bench } from "../grid.ts";
import { matrixOf, vectorOf } from "../operands.ts";

/** Networks of every kind of layer, with the code of a loss and the sizes of groups. */
export const networks: readonly (NetworkSpecification & { loss: number; groups: readonly number[]; name: string })[] = [
  { name: "softmax", features: 5, hidden: [], outputs: 3, activation: "tanh", loss: SOFTMAX, groups: [1, 4, 9] },
  { name: "logistic", features: 4, hidden: [3], outputs: 1, activation: "relu", loss: LOGISTIC, groups: [7, 2] },
  { name: "squares", features: 6, hidden: [], outputs: 1, activation: "tanh", loss: SQUARED, groups: [5, 5] },
  { name: "tanh", features: 17, hidden: [19, 8], outputs: 10, activation: "tanh", loss: SOFTMAX, groups: [33, 16, 1] },
  { name: "relu", features: 7, hidden: [5, 9, 4], outputs: 2, activation: "relu", loss: SOFTMAX, groups: [3, 8] },
  { name: "wide", features: 190, hidden: [181], outputs: 2, activation: "tanh", loss: SOFTMAX, groups: [3, 9] },
  {
    name: "convolution",
    features: 5 * 4 * 2,
    convolution: { shape: [5, 4, 2], channels: [3, 5] },
    hidden: [6],
    outputs: 3,
    activation: "tanh",
    loss: SOFTMAX,
    groups: [2, 3],
  },
  {
    name: "a line of pixels",
    features: 6,
    convolution: { shape: [1, 6, 1], channels: [4] },
    hidden: [],
    outputs: 2,
    activation: "relu",
    loss: SOFTMAX,
    groups: [4],
  },
];

/** Operands of a network; with `own`, each group has parameters of its own. */
export function networkOperands(
  { workspace, dtype, widest }: Bench,
  network: (typeof networks)[number],
  own: boolean,
): NetworkArguments & { parameterCount: number; outputCount: number; sampleCount: number } {
  const { loss, groups } = network, shape = layersOf(network), random = createRandom(shape.parameterCount);
  const used = groups.reduce((a, b) => a + b, 0), sampleCount = used + 3;
  const layers = { array: workspace.allocate("i32", shape.words.length, "layers"), words: shape.words };
  workspace.write(layers.array, shape.words);
  const first = 1, ends = [2];
  for (const size of groups) ends.push(ends.at(-1)! + size);
  const bounds = workspace.allocate("u32", ends.length + first, "bounds");
  workspace.write(bounds, [0, ...ends]);
  const batch = workspace.allocate("u32", used + 2, "batch");
  workspace.write(batch, Array.from({ length: used + 2 }, () => random.integer(sampleCount)));
  const start = initialParameters(shape, 3);
  let place = -1;
  const parameters = matrixOf(workspace, dtype, own ? groups.length : 1, shape.parameterCount, () => {
    const at = place++ % (shape.parameterCount + 1);
    return (start[at] || 0) + 0.1 * random.normal();
  }, 1);
  const { outputs } = network;
  const target = loss === SOFTMAX
    ? () => random.integer(outputs)
    : loss === LOGISTIC
    ? () => random.integer(2)
    : random.normal;
  return {
    layers,
    loss,
    inputs: matrixOf(workspace, dtype, sampleCount, network.features, random.normal, 2),
    targets: vectorOf(workspace, widest, sampleCount, target),
    weights: vectorOf(workspace, widest, sampleCount, () => 0.5 + random.uniform()),
    batch,
    bounds,
    first,
    groups: groups.length,
    largest: Math.max(...groups),
    parameters,
    losses: vectorOf(workspace, widest, groups.length, random.normal),
    parameterCount: shape.parameterCount,
    outputCount: network.outputs,
    sampleCount: used,
  };
}
