import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matrix, memoryUsage, type ProgressEvent, quantizeLayer, type QuantizeOptions } from "../../../mod.ts";
import { quantizeLayerOptions } from "../../../solvers/quantization/options.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { makeLayer } from "../../support/layers.ts";

describe("quantizeLayer", () => {
  it("takes no more memory for more rounds, up to as many as there may be", async () => {
    const { weights, gram } = makeLayer({ rows: 96, columns: 96, seed: 2, dtype: "f32" });
    for (const method of ["auto", "quantease"] as const) {
      const peaks: number[] = [];
      for (const iterations of [1, quantizeLayerOptions.iterations.most]) {
        const { used } = memoryUsage(), controller = new AbortController(), reason = new Error("enough");
        let peak = 0;
        const onProgress = ({ stage, iteration }: ProgressEvent) => {
          peak = Math.max(peak, memoryUsage().used - used);
          if (stage === (method === "auto" ? "anneal" : method) && iteration! >= 3) controller.abort(reason);
        };
        const options = { backend: "wasm", onProgress, signal: controller.signal } as const;
        const solve = quantizeLayer(weights, gram, { ...options, method, iterations });
        await (iterations === 1 ? solve : assert.rejects(solve, reason));
        peaks.push(peak);
      }
      assert.ok(peaks[1] <= peaks[0], `${method}: ${peaks}`);
    }
  });

  it("takes at most 1.75 times the memory of a large layer beside the layer", async () => {
    const size = 1024, random = createRandom(5);
    const weights = matrix(size, size, Float32Array.from({ length: size * size }, random.normal));
    const gram = matrix(size, size, new Float32Array(size * size).fill(1));
    for (let j = 0; j < size; j++) gram.data[j * (size + 1)] += 1 + j / size;
    const variants: readonly QuantizeOptions[] = [
      { method: "gptq" },
      { method: "quantease" },
      { method: "auto" },
      { method: "auto", outliers: { fraction: 0.01 } },
    ];
    for (const variant of variants) {
      // The kernels' own scratch is kept from solve to solve, and counted before.
      const { used } = memoryUsage();
      let peak = 0;
      const onProgress = () => void (peak = Math.max(peak, memoryUsage().used - used));
      await quantizeLayer(weights, gram, { ...variant, bits: 3, iterations: 2, onProgress });
      assert.ok(peak <= 1.75 * 2 * weights.data.byteLength, `${JSON.stringify(variant)}: ${peak} bytes`);
    }
  });
});
