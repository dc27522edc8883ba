import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dequantize, matrix, type QuantizedLayer, quantizeLayer, type QuantizeOptions } from "../../../mod.ts";
import { decodeFloat16, encodeFloat16, roundToFloat16 } from "../../../solvers/core/float16.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { lossOf, makeLayer } from "../../support/layers.ts";

const isHalf = (scale: number) => decodeFloat16(encodeFloat16([scale]))[0] === scale;
const allHalf = ({ scales }: QuantizedLayer) => scales.data.every((scale) => scale > 0 && isHalf(scale));

describe("roundToFloat16", () => {
  it("gives what encoding and decoding give: subnormals, ties, the ends", () => {
    const { normal, uniform } = createRandom(16),
      values = [0, 1, 65504, 65519.9, 65520, 1e300, 2 ** -24, 2 ** -25, 2 ** -14];
    for (let k = 0; k < 4000; k++) values.push(normal() * 2 ** (60 * uniform() - 40), (2048 + k) / 2048 + 2 ** -12);
    for (const value of values) {
      assert.equal(roundToFloat16(value), decodeFloat16(encodeFloat16([value]))[0], `${value}`);
      assert.equal(roundToFloat16(-value), -roundToFloat16(value));
    }
    assert.ok(Number.isNaN(roundToFloat16(NaN)) && roundToFloat16(-Infinity) === -Infinity);
  });
});

describe("scalePrecision", () => {
  it("rounds every scale before the codes are chosen, whatever fits it", async () => {
    const variants: QuantizeOptions[] = [
      { method: "rtn" },
      { method: "gptq", grid: "search" },
      { method: "quantease", groupSize: 8 },
      {},
      { groupSize: 8, symmetric: true },
      { outliers: { fraction: 0.02 } },
      { outliers: { fraction: 0.1, structured: true } },
    ];
    for (const dtype of ["f32", "f64"] as const) {
      const made = makeLayer({ rows: 20, columns: 32, seed: 5, dtype });
      for (const variant of variants) {
        const what = `${JSON.stringify(variant)} ${dtype}`, options = { ...variant, bits: 3 } as const;
        const half = await quantizeLayer(made.weights, made.gram, { ...options, scalePrecision: "f16" });
        const free = await quantizeLayer(made.weights, made.gram, options);
        assert.ok(allHalf(half) && !allHalf(free), what);
        // The error that is reported is that of the rounded scales, and little above the other.
        assert.ok(Math.abs(half.objective / lossOf(made, dequantize(half)) - 1) < 1e-6, what);
        assert.ok(half.objective < 1.05 * free.objective, `${what}: ${half.objective}, ${free.objective}`);
        if (half.violations !== undefined) assert.equal(half.violations, 0, what);
        const single = await quantizeLayer(made.weights, made.gram, { ...options, scalePrecision: "f32" });
        assert.ok(single.scales.data.every((scale) => Math.fround(scale) === scale), what);
        if (dtype === "f32") assert.deepEqual([single.codes, single.scales], [free.codes, free.scales], what);
      }
    }
  });

  it("loses less than scales that are rounded when all is done", async () => {
    let before = 0, after = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const made = makeLayer({ rows: 24, columns: 96, seed, dtype: "f32", decay: 2 });
      const half = await quantizeLayer(made.weights, made.gram, { bits: 8, scalePrecision: "f16" });
      const late = await quantizeLayer(made.weights, made.gram, { bits: 8 });
      const scales = matrix(...late.scales.shape, decodeFloat16(encodeFloat16(late.scales.data)));
      before += half.objective;
      after += lossOf(made, dequantize({ ...late, scales }));
    }
    assert.ok(before < 0.99 * after, `${before}, ${after}`);
  });

  it("keeps to the range of f16: weights of 1e-8 get its least scale, those of 1e8 are refused", async () => {
    const { weights, gram } = makeLayer({ rows: 6, columns: 12, seed: 2, dtype: "f64" });
    const times = (factor: number) => matrix(6, 12, weights.data.map((weight) => weight * factor));
    for (const method of ["rtn", "auto"] as const) {
      const small = await quantizeLayer(times(1e-8), gram, { scalePrecision: "f16", method });
      assert.ok(allHalf(small) && small.scales.data.some((scale) => scale === 2 ** -24));
      assert.ok(method === "rtn" || small.relativeError <= 1, `${small.relativeError}`);
      const large = quantizeLayer(times(1e8), gram, { scalePrecision: "f16", method });
      await assert.rejects(large, /the weights of row \d need a scale that is beyond the largest number of f16/);
    }
  });
});
