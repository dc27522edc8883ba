import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dequantize, matrix, type QuantizedLayer, quantizeLayer, type QuantizeOptions } from "../../../mod.ts";
import { lossOf, type MadeLayer, makeLayer, rowLosses } from "../../support/layers.ts";

const quantize = ({ weights, gram }: MadeLayer, options: QuantizeOptions) => quantizeLayer(weights, gram, options);

/** `Sigma_jj` times the square of the error of each weight at its nearest point, summed over a row's group. */
function roundingLoss(
  { weights, gram }: MadeLayer,
  row: number,
  begin: number,
  end: number,
  points: readonly number[],
) {
  const columns = weights.shape[1];
  let loss = 0;
  for (let j = begin; j < end; j++) {
    const weight = weights.data[row * columns + j];
    loss += gram.data[j * (columns + 1)] * Math.min(...points.map((point) => (weight - point) ** 2));
  }
  return loss;
}

/** The weights of the codes, for a scale and a zero point. */
const pointsOf = (scale: number, zero: number, bits: number) =>
  Array.from({ length: 2 ** bits }, (_, code) => scale * (code - zero));

/** The least loss over every choice of codes on the layer's own grid, row by row. */
function optimaOf(made: MadeLayer, { scales, zeros, bits }: QuantizedLayer): number[] {
  const [rows, columns] = made.weights.shape, count = (2 ** bits) ** columns;
  const least = new Array<number>(rows).fill(Infinity), dense = matrix(rows, columns);
  for (let choice = 0; choice < count; choice++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const code = Math.floor(choice / (2 ** bits) ** j) % 2 ** bits;
        dense.data[i * columns + j] = scales.data[i] * (code - zeros.data[i]);
      }
    }
    rowLosses(made, dense).forEach((loss, i) => least[i] = Math.min(least[i], loss));
  }
  return least;
}

describe("grid: search", () => {
  const made = makeLayer({ rows: 10, columns: 24, seed: 31 });

  it("takes of 25 shares of the range, from 1 to 0.4, the one that loses least, in every row and group", async () => {
    for (
      const options of [{ bits: 3 }, { bits: 2, groupSize: 8 }, { bits: 4, symmetric: true, groupSize: 12 }] as const
    ) {
      const range = await quantize(made, { ...options, method: "rtn", grid: "range" });
      const search = await quantize(made, { ...options, method: "rtn", grid: "search" });
      const groups = range.scales.shape[1], size = 24 / groups;
      assert.deepEqual(search.zeros, range.zeros);
      let shrunk = 0;
      range.scales.data.forEach((whole, at) => {
        const row = Math.floor(at / groups), begin = at % groups * size, zero = range.zeros.data[at];
        const scales = Array.from({ length: 25 }, (_, k) => whole * (1 - k * 0.6 / 24));
        const losses = scales.map((scale) =>
          roundingLoss(made, row, begin, begin + size, pointsOf(scale, zero, options.bits))
        );
        const taken = search.scales.data[at],
          nearest = scales.findIndex((scale) => Math.abs(scale - taken) < 1e-9 * whole);
        assert.ok(nearest >= 0, `${taken} is no share of ${whole}`);
        assert.ok(losses[nearest] <= Math.min(...losses) * (1 + 1e-9), `row ${row}, share ${nearest}`);
        if (nearest > 0) shrunk++;
      });
      assert.ok(shrunk > 0);
    }
  });

  it("is the default of auto, and the range that of the other methods", async () => {
    const automatic = await quantize(made, { bits: 3 }), search = await quantize(made, { bits: 3, grid: "search" });
    assert.deepEqual([automatic.codes, automatic.scales], [search.codes, search.scales]);
    for (const method of ["rtn", "gptq", "quantease"] as const) {
      const plain = await quantize(made, { bits: 3, method });
      assert.deepEqual(plain.scales, (await quantize(made, { bits: 3, method, grid: "range" })).scales, method);
    }
  });

  it("lowers the error of auto, in groups, on symmetric grids and with outliers as well", async () => {
    const variants: readonly QuantizeOptions[] = [
      {},
      { groupSize: 8 },
      { symmetric: true },
      { outliers: { fraction: 0.03 } },
      { outliers: { fraction: 0.1, structured: true } },
    ];
    for (const variant of variants) {
      for (const dtype of ["f32", "f64"] as const) {
        const large = makeLayer({ rows: 24, columns: 48, seed: 32, dtype });
        const range = await quantize(large, { ...variant, bits: 2, grid: "range" });
        const search = await quantize(large, { ...variant, bits: 2 });
        const what = `${JSON.stringify(variant)} ${dtype}`;
        assert.ok(search.objective < 0.95 * range.objective, `${what}: ${search.objective}, ${range.objective}`);
        assert.equal(search.violations, 0, what);
        assert.ok(search.scales.data.every((scale) => scale > 0 && scale < Infinity), what);
        assert.ok(search.zeros.data.every((zero) => Number.isInteger(zero) && zero >= 0 && zero <= 3), what);
        assert.ok(Math.abs(search.objective / lossOf(large, dequantize(search)) - 1) < 1e-9, what);
      }
    }
  });

  it("fits scales to codes: least squares on the codes of the end would gain less than 1 %", async () => {
    const { weights, gram } = makeLayer({ rows: 30, columns: 40, seed: 33 });
    const layer = await quantizeLayer(weights, gram, { bits: 3 });
    let gain = 0;
    for (let i = 0; i < 30; i++) {
      let along = 0, curvature = 0;
      for (let j = 0; j < 40; j++) {
        const level = (k: number) => layer.codes[i * 40 + k] - layer.zeros.data[i];
        for (let k = 0; k < 40; k++) {
          along += level(j) * gram.data[j * 40 + k] * weights.data[i * 40 + k];
          curvature += level(j) * gram.data[j * 40 + k] * level(k);
        }
      }
      gain += (along - layer.scales.data[i] * curvature) ** 2 / curvature;
    }
    assert.ok(gain < 0.01 * layer.objective, `${gain / layer.objective}`);
  });

  it("ends in the best codes of its own grid nearly always: enumeration", async () => {
    let sum = 0, count = 0;
    for (let seed = 0; seed < 12; seed++) {
      const tiny = makeLayer({ rows: 3, columns: 4, seed });
      const layer = await quantize(tiny, { bits: 2 }), optima = optimaOf(tiny, layer);
      layer.rowObjectives.forEach((objective, i) => {
        assert.ok(objective >= optima[i] * (1 - 1e-9), `seed ${seed}, row ${i}: ${objective} below ${optima[i]}`);
        sum += Math.log(objective / optima[i]);
        count++;
      });
    }
    assert.ok(Math.exp(sum / count) <= 1.01, `${Math.exp(sum / count)}`);
  });
});
