import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { accumulateGram, dequantize, type Matrix, quantizeLayer } from "../../mod.ts";
import { lossOf } from "../support/layers.ts";
import { makeMovedLayer, movedLosses } from "../support/moved_layers.ts";
import { assertSameBits, checkPromises, hashOf, integers } from "./support.ts";

const weights = integers(24, 48, 100, 1), inputs = integers(200, 48, 9, 2);

/** `X X^T` by plain sums. */
function gramOf({ data, shape: [tokens, columns] }: Matrix): Matrix {
  const gram = new Float64Array(columns * columns);
  for (let t = 0; t < tokens; t++) {
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++) gram[i * columns + j] += data[t * columns + i] * data[t * columns + j];
    }
  }
  return { data: gram, shape: [columns, columns] };
}

const gram = gramOf(inputs);

describe("quantisation, in short", () => {
  it("accumulateGram gives the sums of products", async () => {
    const accumulator = accumulateGram(48, { dtype: "f64" });
    await accumulator.add(inputs);
    const { data } = await accumulator.gram();
    // Whole numbers: whatever the accumulator scales by, the ratios are exact to rounding.
    const scale = data[0] / gram.data[0];
    data.forEach((value, k) => assert.ok(Math.abs(value - scale * gram.data[k]) <= 1e-9 * scale * 1e5));
  });

  for (const method of ["rtn", "gptq", "quantease", "auto"] as const) {
    it(`quantizeLayer by ${method} reports the loss of what dequantize gives`, async () => {
      const layer = await quantizeLayer(weights, gram, { bits: 3, method, groupSize: 16 });
      const loss = lossOf({ weights, gram }, dequantize(layer));
      assert.ok(Math.abs(layer.objective - loss) <= 1e-6 * loss, `${layer.objective}, ${loss}`);
    });
  }

  it("comes near to the output on other inputs, its original ones", async () => {
    const { weights, gram, original, ...inputs } = makeMovedLayer({ rows: 6, columns: 24, seed: 1, dtype: "f32" });
    for (const method of ["gptq", "auto"] as const) {
      const layer = await quantizeLayer(weights, gram, { bits: 3, method, original });
      const { losses } = movedLosses({ weights, gram, original, ...inputs }, dequantize(layer));
      const loss = losses.reduce((sum, value) => sum + value);
      assert.ok(Math.abs(layer.objective - loss) <= 1e-9 * loss, `${layer.objective}, ${loss}`);
    }
  });

  it("auto, with outliers too, is better than its parts", async () => {
    const { objective: best } = await quantizeLayer(weights, gram, { bits: 3 });
    const { objective: freer } = await quantizeLayer(weights, gram, { bits: 3, outliers: { fraction: 0.05 } });
    for (const method of ["rtn", "gptq", "quantease"] as const) {
      assert.ok(best <= (await quantizeLayer(weights, gram, { bits: 3, method })).objective, method);
    }
    assert.ok(freer < best);
  });

  it("gives the same bits in every runtime", async () => {
    const { codes, scales, zeros } = await quantizeLayer(weights, gram, { bits: 3, method: "quantease" });
    await assertSameBits(hashOf(codes, scales.data, zeros.data), { simd: "830279bb", relaxed: "830279bb" });
  });

  it("keeps what every solver promises", () =>
    checkPromises((options) => quantizeLayer(weights, gram, { ...options, bits: 3 }), ({ codes }) => codes));
});
