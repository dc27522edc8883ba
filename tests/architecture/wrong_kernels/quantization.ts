/** Layers of codes, and Gram matrices. @module */

import assert from "node:assert/strict";
import * as minima from "../../../mod.ts";
import { createRandom, dequantize, matrix } from "../../../mod.ts";
import { type MadeLayer, makeLayer, rowLosses } from "../../support/layers.ts";
import { makeMovedLayer, type MovedLayer, movedLosses } from "../../support/moved_layers.ts";
import { accuracy, type Check, type Checks, near, place, trueOf } from "./check.ts";

/** Codes of a layer that the change of one code alone improves, by more than the rounding of the precision of its weights. */
function violationsOf({ weights, gram }: MadeLayer, layer: minima.QuantizedLayer): number {
  const [rows, columns] = layer.shape, dense = dequantize(layer).data;
  const least = (weights.data instanceof Float32Array ? 1e-6 : 1e-9) * layer.objective;
  let count = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let product = 0;
      for (let k = 0; k < columns; k++) {
        product += (weights.data[i * columns + k] - dense[i * columns + k]) * gram.data[j * columns + k];
      }
      const code = layer.codes[i * columns + j], scale = layer.scales.data[i * layer.scales.shape[1]];
      const improves = (other: number) => {
        const step = scale * (other - code);
        return 2 * step * product - step * step * gram.data[j * columns + j] > least;
      };
      if (Array.from({ length: 2 ** layer.bits }, (_, other) => other).some(improves)) count++;
    }
  }
  return count;
}

function layerTrue(layer: MadeLayer, quantized: minima.QuantizedLayer, settles: boolean): void {
  const zero = matrix(layer.weights.shape[0], layer.weights.shape[1], new Float64Array(layer.weights.data.length));
  const losses = rowLosses(layer, dequantize(quantized)), loss = losses.reduce((sum, value) => sum + value, 0);
  trueOf(quantized, loss);
  losses.forEach((value, i) => near(`the objective of row ${i}`, quantized.rowObjectives[i], value));
  near(
    "the relative error",
    quantized.relativeError,
    loss / rowLosses(layer, zero).reduce((sum, value) => sum + value),
  );
  const { status } = quantized, violations = violationsOf(layer, quantized);
  if (quantized.violations !== undefined) assert.equal(quantized.violations, violations, "violations");
  if (settles && status === "converged") assert.equal(violations, 0, "converged, but codes are to be changed");
  if (violations === 0) assert.ok(quantized.violations === undefined || status === "converged", status);
}

const layers: Record<string, Check> = {};
for (const dtype of ["f32", "f64"] as const) {
  const layer = makeLayer({ rows: 6, columns: 16, seed: 3, dtype });
  for (const method of ["auto", "quantease", "gptq", "rtn"] as const) {
    for (
      const outliers of method === "auto" || method === "quantease" ? [undefined, { fraction: 0.05 }] : [undefined]
    ) {
      layers[`${method}, ${dtype}${outliers ? ", outliers" : ""}`] = async () => {
        const options = { ...place, bits: 3, method, outliers, iterations: 4 } as const;
        const quantized = await minima.quantizeLayer(layer.weights, layer.gram, options);
        layerTrue(layer, quantized, method === "auto" || method === "quantease");
      };
    }
  }
}

/** The same for a layer whose target is the output of the original model. */
function movedLayerTrue(layer: MovedLayer, quantized: minima.QuantizedLayer, settles: boolean): void {
  const dense = dequantize(quantized), { losses, norms } = movedLosses(layer, dense);
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value);
  trueOf(quantized, total(losses));
  losses.forEach((value, i) => near(`the objective of row ${i}`, quantized.rowObjectives[i], value));
  near("the relative error", quantized.relativeError, total(losses) / total(norms));
  const { shape: [rows, columns], scales, codes, bits, status, violations } = quantized;
  const least = (layer.weights.data instanceof Float32Array ? 1e-6 : 1e-9) * total(losses);
  let count = 0;
  for (let j = 0; j < columns; j++) {
    const improved = new Set<number>();
    for (let code = 0; code < 2 ** bits; code++) {
      const other = matrix(rows, columns, dense.data.slice());
      for (let i = 0; i < rows; i++) other.data[i * columns + j] += scales.data[i] * (code - codes[i * columns + j]);
      movedLosses(layer, other).losses.forEach((loss, i) => loss < losses[i] - least && improved.add(i));
    }
    count += improved.size;
  }
  if (violations !== undefined) assert.equal(violations, count, "violations");
  if (settles && status === "converged") assert.equal(count, 0, "converged, but codes are to be changed");
}

for (const dtype of ["f32", "f64"] as const) {
  const layer = makeMovedLayer({ rows: 4, columns: 12, seed: 3, tokens: 30, dtype, share: 0.5 });
  for (const method of ["auto", "quantease", "gptq", "rtn"] as const) {
    layers[`${method}, ${dtype}, towards the original`] = async () => {
      const options = { ...place, bits: 3, method, iterations: 4, original: layer.original } as const;
      const quantized = await minima.quantizeLayer(layer.weights, layer.gram, options);
      movedLayerTrue(layer, quantized, method === "auto" || method === "quantease");
    };
  }
}

async function accumulates(): Promise<void> {
  const tokens = 20, inputs = 9, { normal } = createRandom(8);
  const activations = matrix(tokens, inputs, Float64Array.from({ length: tokens * inputs }, normal));
  const accumulator = minima.accumulateGram(inputs, { backend: "wasm" });
  await accumulator.add(activations);
  const { data } = await accumulator.gram();
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < inputs; j++) {
      let sum = 0, size = 0;
      for (let t = 0; t < tokens; t++) {
        const product = activations.data[t * inputs + i] * activations.data[t * inputs + j];
        sum += product;
        size += Math.abs(product);
      }
      assert.ok(Math.abs(data[i * inputs + j] - sum) <= accuracy * size, `${i}, ${j} is ${data[i * inputs + j]}`);
    }
  }
}

/** The checks. */
export const quantizationChecks: Checks = { quantizeLayer: layers, accumulateGram: { f64: accumulates } };
