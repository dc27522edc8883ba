import assert from "node:assert/strict";
import { GLOBAL, SQUARED, UNSCALED } from "../../../kernels/contract/training/constants.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";
import { layersOf } from "../../../solvers/sharpness/layers.ts";
import { networkOperands, networks } from "./networks.ts";

/** Roundings from inputs to results, and the size of what is summed: activations, scores and slopes are about one. */
const rounding = { terms: 400, magnitude: 4 };

/** Losses are f64, from scores in the precision of the kernels. */
const written = ({ dtype }: Bench) => ({ ...rounding, precision: dtype });

agreement("networkOutputs", "agrees with the reference", function* (bench) {
  for (const network of networks) {
    const { outputCount, sampleCount, ...operands } = networkOperands(bench, network, network.hidden.length > 0);
    yield {
      what: network.name,
      operands: { ...operands, outputs: matrixOf(bench.workspace, bench.dtype, sampleCount, outputCount, () => 7, 1) },
      outputs: ({ outputs, losses }) => [outputs, losses],
      ...written(bench),
    };
  }
});

agreement("networkGradients", "agrees with the reference", function* (bench) {
  for (const network of networks) {
    for (const own of [false, true]) {
      const { parameterCount, ...operands } = networkOperands(bench, network, own);
      const gradients = matrixOf(bench.workspace, bench.dtype, operands.groups, parameterCount, () => 7, 1);
      yield {
        what: `${network.name}${own ? ", a point for each group" : ""}`,
        operands: { ...operands, gradients },
        outputs: ({ gradients, losses }) => [gradients, losses],
        ...written(bench),
      };
    }
  }
});

agreement("networkAscent", "agrees with the reference", function* (bench) {
  const { workspace, dtype, widest } = bench;
  for (const network of networks) {
    if (network.convolution) continue;
    for (const [own, norm] of [[false, GLOBAL], [true, GLOBAL], [false, UNSCALED]] as const) {
      const { parameterCount, ...operands } = networkOperands(bench, network, own), { groups } = operands;
      yield {
        what: `${network.name}${own ? ", a point for each group" : ""}${norm === UNSCALED ? ", unscaled" : ""}`,
        operands: {
          ...operands,
          gradients: matrixOf(workspace, dtype, groups, parameterCount, () => 7, 1),
          norms: vectorOf(workspace, widest, groups, () => 7),
          perturbedLosses: vectorOf(workspace, widest, groups, () => 7),
          norm,
          rho: 0.1,
          epsilon: 1e-12,
        },
        outputs: ({ gradients, losses, norms, perturbedLosses }) => [gradients, losses, norms, perturbedLosses],
        ...written(bench),
      };
    }
  }
});

conformance("networkAscent", "finds the norm where the gradients of samples cancel", async (bench) => {
  const { workspace, dtype, widest } = bench, features = 6, samples = 8, random = createRandom(2), row: number[] = [];
  const shape = layersOf({ features, convolution: undefined, hidden: [], outputs: 1, activation: "tanh" });
  const layers = { array: workspace.allocate("i32", shape.words.length, "layers"), words: shape.words };
  workspace.write(layers.array, shape.words);
  const list = (values: readonly number[]) => {
    const array = workspace.allocate("u32", values.length, "list");
    workspace.write(array, values);
    return array;
  };
  // Each row twice, with targets of both signs, and a thousandth more weight on one.
  let place = -1;
  const norms = vectorOf(workspace, widest, 1, () => 7),
    gradients = matrixOf(workspace, dtype, 1, features + 1, () => 7);
  const operands = {
    layers,
    loss: SQUARED,
    inputs: matrixOf(workspace, dtype, samples, features, () => {
      const at = place++, j = at % features;
      if (Math.floor(at / features) % 2 === 0) row[j] = 1 + random.uniform();
      return row[j] ?? 0;
    }),
    targets: vectorOf(workspace, widest, samples, () => place++ % 2 ? 1 : -1),
    weights: vectorOf(workspace, widest, samples, () => place++ % 2 ? 1 : 1.001),
    batch: list(Array.from({ length: samples }, (_, i) => i)),
    bounds: list([0, samples]),
    first: 0,
    groups: 1,
    largest: samples,
    parameters: matrixOf(workspace, dtype, 1, features + 1, () => 0),
    losses: vectorOf(workspace, widest, 1, () => 7),
    perturbedLosses: vectorOf(workspace, widest, 1, () => 7),
    gradients,
    norms,
    norm: GLOBAL,
    rho: 0.1,
    epsilon: 1e-12,
  };
  await bench.reference.networkAscent(operands);
  const expected = viewOf(norms)[1];
  await bench.kernel.networkAscent(operands);
  const received = viewOf(norms)[1], most = dtype === "f64" ? 1e-12 : 1e-3;
  assert.ok(expected > 0 && expected < 0.01, `${expected}`);
  assert.ok(Math.abs(received - expected) <= most * expected, `${received}, expected ${expected}`);
});

conformance("networkAscent", "stays where there is no slope, and does not hide a NaN", async (bench) => {
  const { workspace, kernel, dtype, widest } = bench;
  for (const network of networks) {
    if (network.convolution) continue;
    const { parameterCount, ...operands } = networkOperands(bench, network, false),
      { groups, inputs, weights } = operands;
    const numbers = () => vectorOf(workspace, widest, groups, () => 7);
    const gradients = matrixOf(workspace, dtype, groups, parameterCount, () => 7);
    const [norms, perturbedLosses] = [numbers(), numbers()];
    const call = { ...operands, gradients, norms, perturbedLosses, norm: GLOBAL, rho: 0.1, epsilon: 1e-12 };
    viewOf(inputs).fill(NaN);
    await kernel.networkAscent(call);
    for (const one of [norms, perturbedLosses]) assert.ok(viewOf(one).slice(1).every(Number.isNaN), network.name);
    viewOf(inputs).fill(1);
    viewOf(weights).fill(0);
    await kernel.networkAscent(call);
    for (const one of [norms, perturbedLosses]) assert.ok(viewOf(one).slice(1).every((v) => v === 0), network.name);
    assert.ok(elements(gradients).every((value) => value === 0), network.name);
  }
});

agreement("networkProducts", "agrees with the reference", function* (bench) {
  const random = createRandom(9);
  for (const network of networks) {
    const { parameterCount, ...operands } = networkOperands(bench, network, false);
    yield {
      what: network.name,
      operands: {
        ...operands,
        direction: vectorOf(bench.workspace, bench.dtype, parameterCount, () => random.normal() / 4),
        products: matrixOf(bench.workspace, bench.dtype, operands.groups, parameterCount, () => 7, 1),
      },
      outputs: ({ products, losses }) => [products, losses],
      ...written(bench),
    };
  }
});

conformance("networkGradients", "is the slope of the loss", async (bench) => {
  const { dtype } = bench, [step, tolerance] = dtype === "f64" ? [1e-5, 1e-8] : [4e-3, 1e-2];
  for (const network of networks) {
    // Steps that f32 can see cross the kinks.
    if (dtype === "f32" && network.activation === "relu") continue;
    const { parameterCount, outputCount, sampleCount, ...operands } = networkOperands(bench, network, false);
    const gradients = matrixOf(bench.workspace, dtype, operands.groups, parameterCount, () => 0);
    const outputs = matrixOf(bench.workspace, dtype, sampleCount, outputCount, () => 0);
    await bench.kernel.networkGradients({ ...operands, gradients });
    const slopes = elements(gradients), w = viewOf(operands.parameters), losses = viewOf(operands.losses);
    const lossesAt = async (k: number, value: number) => {
      const old = w[1 + k];
      w[1 + k] = value;
      await bench.kernel.networkOutputs({ ...operands, outputs });
      w[1 + k] = old;
      return losses.slice(1);
    };
    for (let k = 0; k < parameterCount; k += 1 + (parameterCount >> 5)) {
      const above = await lossesAt(k, w[1 + k] + step), below = await lossesAt(k, w[1 + k] - step);
      for (let g = 0; g < operands.groups; g++) {
        const slope = (above[g] - below[g]) / (2 * step), own = slopes[g * parameterCount + k];
        assert.ok(Math.abs(slope - own) < tolerance, `${network.name}: ${own} at ${k}, differences say ${slope}`);
      }
    }
  }
});

conformance("networkProducts", "is symmetric, and the derivative of the gradient", async (bench) => {
  const { workspace, kernel, dtype } = bench, random = createRandom(4), exact = dtype === "f64";
  for (const network of networks) {
    const { parameterCount, ...operands } = networkOperands(bench, network, false);
    const pair = [0, 1].map(() => vectorOf(workspace, dtype, parameterCount, random.normal));
    const results = pair.map(() => matrixOf(workspace, dtype, operands.groups, parameterCount, () => 0));
    for (const i of [0, 1]) await kernel.networkProducts({ ...operands, direction: pair[i], products: results[i] });
    const [u, v] = pair.map((vector) => viewOf(vector).slice(1)), [hu, hv] = results.map(elements);
    for (let g = 0; g < operands.groups; g++) {
      let one = 0, other = 0;
      for (let k = 0; k < parameterCount; k++) {
        one += v[k] * hu[g * parameterCount + k];
        other += u[k] * hv[g * parameterCount + k];
      }
      const apart = Math.abs(one - other);
      assert.ok(apart <= (exact ? 1e-12 : 1e-4) * (1 + Math.abs(one)), `${network.name}: ${one} and ${other}`);
    }
    if (!exact) continue;
    const gradients = matrixOf(workspace, dtype, operands.groups, parameterCount, () => 0);
    const step = 1e-6, w = viewOf(operands.parameters);
    const gradientAt = async (length: number) => {
      for (let k = 0; k < parameterCount; k++) w[1 + k] += length * u[k];
      await kernel.networkGradients({ ...operands, gradients });
      for (let k = 0; k < parameterCount; k++) w[1 + k] -= length * u[k];
      return elements(gradients);
    };
    const above = await gradientAt(step), below = await gradientAt(-step);
    above.forEach((value, at) => {
      const slope = (value - below[at]) / (2 * step);
      assert.ok(Math.abs(slope - hu[at]) < 1e-6, `${network.name}: ${hu[at]} at ${at}, differences say ${slope}`);
    });
  }
});
