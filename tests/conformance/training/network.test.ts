import assert from "node:assert/strict";
import { createRandom } from "../../../solvers/core/random.ts";
import { agreement } from "../agreement.ts";
import { type Bench, conformance } from "../grid.ts";
import { elements, matrixOf, vectorOf, viewOf } from "../operands.ts";
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
