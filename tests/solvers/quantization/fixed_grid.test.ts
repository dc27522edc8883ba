import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { accumulateGram, dequantize, matrix, quantizeLayer, type QuantizeOptions } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";

async function layerOf(seed: number, rows: number, columns: number, Floats: typeof Float32Array | typeof Float64Array) {
  const { normal } = createRandom(seed), sums = accumulateGram(columns);
  const weights = matrix(rows, columns, new Floats(Array.from({ length: rows * columns }, () => normal())));
  const inputs = matrix(3 * columns, columns, Float64Array.from({ length: 3 * columns * columns }, normal));
  for (let at = 0; at < inputs.data.length; at++) inputs.data[at] += 0.5 * inputs.data[at - at % columns];
  await sums.add(inputs);
  return { weights, gram: await sums.gram() };
}

/** A grid of few digits, its zero points whole or not. */
function gridOf(seed: number, rows: number, groups: number, whole: boolean) {
  const { uniform } = createRandom(seed);
  const scales = matrix(
    rows,
    groups,
    Float64Array.from({ length: rows * groups }, () => (1 + Math.floor(16 * uniform())) / 16),
  );
  const zeros = matrix(rows, groups, scales.data.map(() => whole ? Math.floor(8 * uniform()) : 9 * uniform() - 0.5));
  return { scales, zeros };
}

describe("quantizeLayer on a fixed grid", () => {
  for (const whole of [true, false]) {
    for (const method of ["rtn", "gptq", "quantease", "auto"] as const) {
      it(`keeps it, by ${method}, with ${whole ? "whole" : "other"} zero points, and measures what it gives`, async () => {
        const { weights, gram } = await layerOf(1, 6, 24, Float64Array), fixedGrid = gridOf(2, 6, 3, whole);
        const options = { bits: 3, groupSize: 8, method, fixedGrid } as const;
        const layer = await quantizeLayer(weights, gram, options);
        assert.deepEqual([layer.scales, layer.zeros], [fixedGrid.scales, fixedGrid.zeros]);
        const dense = dequantize(layer).data, errors = dense.map((value, at) => weights.data[at] - value);
        let objective = 0;
        for (let i = 0; i < 6; i++) {
          for (let j = 0; j < 24; j++) {
            for (let k = 0; k < 24; k++) objective += errors[24 * i + j] * gram.data[24 * j + k] * errors[24 * i + k];
          }
        }
        assert.ok(Math.abs(layer.objective - objective) <= 1e-9 * objective);
        if (method === "rtn") return;
        const rounded = await quantizeLayer(weights, gram, { ...options, method: "rtn" });
        assert.ok(layer.objective < rounded.objective);
        if (method !== "auto") return;
        // No change of one code improves it, whatever the zero points.
        assert.equal(layer.violations, 0);
        for (let at = 0; at < 6 * 24; at++) {
          const j = at % 24, row = at - j, group = Math.floor(at / 24) * 3 + Math.floor(j / 8);
          let slope = 0;
          for (let k = 0; k < 24; k++) slope += errors[row + k] * gram.data[24 * j + k];
          for (let code = 0; code < 8; code++) {
            const step = fixedGrid.scales.data[group] * (code - layer.codes[at]);
            assert.ok(step * (step * gram.data[25 * j] - 2 * slope) >= -1e-9 * objective, `${at} to ${code}`);
          }
        }
      });
    }
  }

  it("finds the best of all codes of a tiny row, with zero points between codes", async () => {
    for (let seed = 3; seed < 9; seed++) {
      const { weights, gram } = await layerOf(seed, 1, 6, Float64Array), fixedGrid = gridOf(seed, 1, 1, false);
      const layer = await quantizeLayer(weights, gram, { bits: 2, fixedGrid });
      let best = Infinity;
      for (let choice = 0; choice < 4 ** 6; choice++) {
        const errors = Array.from(
          weights.data,
          (weight, j) => weight - fixedGrid.scales.data[0] * ((choice >> 2 * j & 3) - fixedGrid.zeros.data[0]),
        );
        let value = 0;
        for (let j = 0; j < 6; j++) for (let k = 0; k < 6; k++) value += errors[j] * gram.data[6 * j + k] * errors[k];
        best = Math.min(best, value);
      }
      assert.ok(layer.objective >= best * (1 - 1e-12) && layer.objective <= best * 1.05, `${layer.objective}, ${best}`);
    }
  });

  it("takes it in the precision of the weights, also towards the original", async () => {
    const { weights, gram } = await layerOf(4, 5, 16, Float32Array), fixedGrid = gridOf(5, 5, 2, false);
    const options: QuantizeOptions = { bits: 4, groupSize: 8, fixedGrid, original: { cross: gram, gram, share: 1 } };
    const layer = await quantizeLayer(weights, gram, options),
      plain = await quantizeLayer(weights, gram, { ...options, original: undefined });
    assert.ok(layer.zeros.data instanceof Float32Array && layer.zeros.data[0] === Math.fround(fixedGrid.zeros.data[0]));
    assert.ok(Math.abs(layer.objective - plain.objective) <= 1e-4 * plain.objective);
  });

  it("says what it cannot use", async () => {
    const { weights, gram } = await layerOf(6, 4, 16, Float64Array), fixedGrid = gridOf(7, 4, 2, true);
    const refused = (options: object, message: RegExp) =>
      assert.rejects(quantizeLayer(weights, gram, { bits: 3, groupSize: 8, fixedGrid, ...options }), message);
    await refused({ groupSize: 16 }, /"fixedGrid\.scales" is 4 x 2, and must be 4 x 1/);
    await refused({ outliers: { fraction: 0.1 } }, /"fixedGrid" with "outliers"/);
    const zeros = matrix(4, 2, fixedGrid.zeros.data.map(() => NaN));
    const scales = matrix(4, 2, fixedGrid.scales.data.map(() => 0));
    await refused({ fixedGrid: { ...fixedGrid, zeros } }, /"fixedGrid\.zeros" is NaN/);
    await refused(
      { fixedGrid: { ...fixedGrid, scales } },
      /"fixedGrid\.scales" must be positive and finite, and holds 0/,
    );
    for (const bad of [-1, Infinity, NaN]) {
      const scales = matrix(4, 2, fixedGrid.scales.data.map((scale, at) => at === 5 ? bad : scale));
      await refused({ fixedGrid: { ...fixedGrid, scales } }, /"fixedGrid\.scales"/);
    }
    const short = { shape: [4, 2] as const, data: new Float64Array(7) };
    await refused({ fixedGrid: { ...fixedGrid, scales: short } }, /"fixedGrid\.scales/);
    await refused({ fixedGrid: { ...fixedGrid, zeros: short } }, /"fixedGrid\.zeros/);
    await refused({ fixedGrid: { scales } }, /zeros/);
  });
});
