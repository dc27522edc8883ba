/** Quantised layers as subjects: nasty inputs, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { accumulateGram, dequantize, matrix, quantizeLayer } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { lossOf } from "../layers.ts";
import { nastyTable } from "../nasty_data.ts";
import { keepsPromises } from "../promises.ts";
import type { Stoppable, Subject } from "../subject.ts";

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0xaaaa), columns = 1 + random.integer(8), rows = 1 + random.integer(4);
  const { samples, kind } = nastyTable(2 + random.integer(30), columns, seed);
  const gram = matrix(columns, columns);
  for (let i = 0; i < samples.shape[0]; i++) {
    const x = samples.data.subarray(i * columns, (i + 1) * columns);
    for (let at = 0; at < gram.data.length; at++) gram.data[at] += x[Math.floor(at / columns)] * x[at % columns];
  }
  const values = Float64Array.from({ length: rows * columns }, random.normal);
  const isSingle = random.uniform() < 0.5;
  const weights = matrix(rows, columns, isSingle ? Float32Array.from(values) : values);
  const bits = ([2, 3, 4, 8] as const)[random.integer(4)], symmetric = random.uniform() < 0.3;
  const losses = new Map<string, number>();
  for (const method of ["rtn", "gptq", "quantease", "auto"] as const) {
    const options = { bits, symmetric, method, iterations: 6, grid: "range" } as const;
    const what = `layer of seed ${seed}, ${rows} x ${columns} in ${isSingle ? "f32" : "f64"} with ${kind}, ${
      JSON.stringify(options)
    }`;
    const layer = await quantizeLayer(weights, gram, options);
    keepsPromises(layer, 0, what);
    assert.ok(layer.codes.every((code) => code < 2 ** bits), `${what}: a code beyond ${bits} bits`);
    const dense = dequantize(layer), loss = lossOf({ weights, gram }, dense);
    // Products of weights and inputs that cancel are what rounding is a share of.
    let terms = 0;
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) {
        const off = Math.abs(weights.data[i * columns + j] - dense.data[i * columns + j]);
        sum += off * Math.sqrt(gram.data[j * (columns + 1)]);
      }
      terms += sum * sum;
    }
    assert.ok(
      Math.abs(loss - layer.objective) <= 1e-9 * loss + 1e-12 * terms,
      `${what}: ${layer.objective}, not ${loss}`,
    );
    losses.set(method, loss);
    if (method === "auto" && layer.status === "converged") {
      assert.equal(layer.violations, 0, `${what}: converged with ${layer.violations} codes to change`);
    }
  }
}

const sizes = [[64, 64], [512, 512], [1024, 1024], [256, 2048]] as const;

/** A call of {@linkcode quantizeLayer} under such options. */
function quantizes(name: string, options: Parameters<typeof quantizeLayer>[2]): Stoppable {
  return {
    name,
    sizes,
    prepare(rows, columns) {
      const { normal } = createRandom(columns), gram = matrix(columns, columns);
      const weights = matrix(rows, columns, Float32Array.from({ length: rows * columns }, normal));
      // Of a decaying process: what is to be known of such a matrix needs no samples.
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < columns; j++) gram.data[i * columns + j] = 0.9 ** Math.abs(i - j);
      }
      return (solve) => quantizeLayer(weights, gram, { bits: 3, ...options, ...solve });
    },
  };
}

/** {@linkcode quantizeLayer}. */
export const layer: Subject = {
  fuzz,
  stops: [
    quantizes("auto", {}),
    quantizes("auto, outliers", { outliers: { fraction: 0.01 } }),
    quantizes("quantease", { method: "quantease" }),
    quantizes("gptq", { method: "gptq" }),
    quantizes("rtn", { method: "rtn" }),
  ],
};

/** {@linkcode accumulateGram}. */
export const gramAccumulation: Subject = {
  untimed: true,
  stops: [{
    name: "one batch",
    sizes: [[500, 200], [1000, 500], [4000, 1000], [1000, 4000]],
    prepare(rows, columns) {
      const { normal } = createRandom(rows), data = Float64Array.from({ length: rows * columns }, normal);
      return async ({ backend, threads, signal, onProgress }) => {
        const accumulator = accumulateGram(columns, { backend, threads, signal, onProgress });
        for (;;) await accumulator.add(matrix(rows, columns, data));
      };
    },
  }],
};
