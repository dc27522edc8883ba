import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  dequantize,
  type Matrix,
  matrix,
  type QuantizationMethod,
  type QuantizedLayer,
  quantizeLayer,
  type QuantizeOptions,
} from "../../../mod.ts";
import { lossOf, type MadeLayer, makeLayer, rowLosses } from "../../support/layers.ts";
import { textbookGptq } from "../../support/textbook_gptq.ts";

const methods: readonly QuantizationMethod[] = ["rtn", "gptq", "quantease", "auto"];

function quantize({ weights, gram }: MadeLayer, options: QuantizeOptions): Promise<QuantizedLayer> {
  return quantizeLayer(weights, gram, options);
}

function assertClose(actual: number, expected: number, relative: number, what: string) {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${what}: ${actual} instead of ${expected}`);
}

/** Codes that some other level of the same weight would improve. */
function violations({ weights, gram }: MadeLayer, layer: QuantizedLayer): number {
  const [rows, columns] = weights.shape, what = dequantize(layer).data, groups = layer.scales.shape[1];
  let count = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let derivative = 0;
      for (let k = 0; k < columns; k++) {
        derivative += (weights.data[i * columns + k] - what[i * columns + k]) * gram.data[k * columns + j];
      }
      const at = i * columns + j, group = i * groups + (layer.groupIndex?.[j] ?? 0), scale = layer.scales.data[group];
      for (let code = 0; code < 2 ** layer.bits; code++) {
        const change = scale * (code - layer.codes[at]);
        const gain = 2 * change * derivative - change * change * gram.data[j * columns + j];
        if (gain > 1e-9 * layer.objective) count++;
      }
    }
  }
  return count;
}

/** Columns of a layer in another order. */
function permuteColumns({ weights, gram }: MadeLayer, order: readonly number[]): MadeLayer {
  const [rows, columns] = weights.shape;
  return {
    weights: matrix(
      rows,
      columns,
      weights.data.map((_, at) => weights.data[Math.floor(at / columns) * columns + order[at % columns]]),
    ),
    gram: matrix(
      columns,
      columns,
      gram.data.map((_, at) => gram.data[order[Math.floor(at / columns)] * columns + order[at % columns]]),
    ),
  };
}

describe("quantizeLayer", () => {
  it("reports the error of exactly the weights that dequantize returns, for every method and precision", async () => {
    for (const dtype of ["f32", "f64"] as const) {
      const made = makeLayer({ rows: 9, columns: 21, seed: 3, dtype });
      for (const method of methods) {
        const layer = await quantize(made, { bits: 3, method, groupSize: 7 });
        const dense = dequantize(layer);
        assert.equal(dense.data.constructor, made.weights.data.constructor);
        assert.ok(layer.codes.every((code) => code <= 7));
        assertClose(layer.objective, lossOf(made, dense), 1e-9, `${method} ${dtype} objective`);
        const zeros = matrix(9, 21);
        assertClose(layer.relativeError, lossOf(made, dense) / lossOf(made, zeros), 1e-9, `${method} relative error`);
      }
    }
  });

  it("with a diagonal Gram matrix equals rounding to nearest, for every method", async () => {
    const { weights } = makeLayer({ rows: 7, columns: 19, seed: 5 });
    const gram = matrix(19, 19);
    for (let j = 0; j < 19; j++) gram.data[j * 20] = j + 1;
    const rounded = await quantizeLayer(weights, gram, { bits: 3, method: "rtn" });
    for (const method of methods) {
      const { codes } = await quantizeLayer(weights, gram, { bits: 3, method, grid: "range" });
      assert.deepEqual(codes, rounded.codes, method);
    }
  });

  it("keeps weights that lie on the grid", async () => {
    const { gram } = makeLayer({ rows: 1, columns: 12, seed: 7 });
    const weights = matrix(2, 12, Float64Array.from({ length: 24 }, (_, at) => (at * 5 % 8 - 3) / 4));
    for (const method of methods) {
      const layer = await quantizeLayer(weights, gram, { bits: 3, method });
      assert.deepEqual(dequantize(layer).data, weights.data, method);
      assert.equal(layer.objective, 0, method);
    }
  });

  it("ranks the methods: the weaker one loses, on several spectra", async () => {
    for (const decay of [0.5, 1, 1.5]) {
      const made = makeLayer({ rows: 24, columns: 64, seed: 11, decay });
      const errorOf = async (options: QuantizeOptions) => (await quantize(made, { bits: 3, ...options })).relativeError;
      const rtn = await errorOf({ method: "rtn" }), gptq = await errorOf({ method: "gptq" });
      const ordered = await errorOf({ method: "gptq", activationOrder: true });
      const descent = await errorOf({ method: "quantease" });
      const best = await errorOf({ method: "auto" });
      assert.ok(rtn > gptq && gptq > ordered, `${decay}: ${[rtn, gptq, ordered]}`);
      assert.ok(gptq > descent, `${decay}: ${[gptq, descent]}`);
      assert.ok(Math.min(ordered, descent) > 1.01 * best, `${decay}: ${[ordered, descent, best]}`);
    }
  });

  it("gptq equals the textbook algorithm with the Cholesky factor of the inverse", async () => {
    for (const seed of [1, 2, 3]) {
      const made = makeLayer({ rows: 12, columns: 40, seed });
      const layer = await quantize(made, { bits: 3, method: "gptq", damping: 0.01 });
      assert.deepEqual(layer.codes, textbookGptq(made, layer, 0.01));
    }
  });

  it("gptq in activation order equals gptq of the layer whose columns are in that order", async () => {
    const made = makeLayer({ rows: 6, columns: 30, seed: 4 });
    const diagonal = (j: number) => made.gram.data[j * 31];
    const order = Array.from({ length: 30 }, (_, j) => j).sort((i, j) => diagonal(j) - diagonal(i));
    const plain = await quantize(permuteColumns(made, order), { bits: 3, method: "gptq" });
    const ordered = await quantize(made, { bits: 3, method: "gptq", activationOrder: true });
    assert.deepEqual(
      plain.codes,
      ordered.codes.map((_, at) => ordered.codes[Math.floor(at / 30) * 30 + order[at % 30]]),
    );
  });

  it("quantease never rises from pass to pass where it stays on the grid", async () => {
    const made = makeLayer({ rows: 16, columns: 48, seed: 8 });
    const { trace, objective, status } = await quantize(made, {
      bits: 3,
      method: "quantease",
      relaxEvery: 0,
      iterations: 80,
    });
    for (let t = 1; t < trace.length; t++) {
      assert.ok(trace[t] <= trace[t - 1], `pass ${t}: ${trace[t]} > ${trace[t - 1]}`);
    }
    assert.equal(status, "converged");
    assertClose(trace.at(-1)!, objective, 1e-9, "last of the trace");
  });

  it("quantease without relaxation and auto end in coordinate-wise minima, over every level; gptq does not", async () => {
    const made = makeLayer({ rows: 10, columns: 40, seed: 9, dtype: "f32" });
    const descent = await quantize(made, { bits: 3, method: "quantease", relaxEvery: 0, iterations: 100 });
    const best = await quantize(made, { bits: 3 });
    assert.equal(violations(made, descent), 0);
    assert.equal(violations(made, best), 0);
    assert.deepEqual([best.violations, best.status], [0, "converged"]);
    assert.ok(violations(made, await quantize(made, { bits: 3, method: "gptq" })) > 0);
  });

  it("quantease starts where it is told, and keeps the start where it finds nothing better", async () => {
    const made = makeLayer({ rows: 8, columns: 32, seed: 10 });
    for (const initial of ["rtn", "gptq"] as const) {
      const start = await quantize(made, { bits: 3, method: initial });
      const layer = await quantize(made, { bits: 3, method: "quantease", initial, iterations: 2 });
      assert.ok(layer.objective <= start.objective, initial);
    }
  });

  it("finds the optimum of tiny rows nearly always: enumeration", async () => {
    const ratios: Record<string, number[]> = { auto: [], quantease: [], gptq: [], rtn: [] };
    for (let seed = 0; seed < 12; seed++) {
      const made = makeLayer({ rows: 1, columns: 6, seed });
      const optimum = await enumerate(made, 2);
      for (const method of methods) {
        const { objective } = await quantize(made, { bits: 2, method, grid: "range" });
        assert.ok(objective >= optimum * (1 - 1e-9), `${method} below the optimum: ${objective} < ${optimum}`);
        ratios[method].push(objective / optimum);
      }
    }
    const geometric = (method: string) => Math.exp(ratios[method].reduce((sum, x) => sum + Math.log(x), 0) / 12);
    assert.ok(geometric("auto") <= 1.01, `auto: ${geometric("auto")}`);
    assert.ok(geometric("quantease") <= 1.05, `quantease: ${geometric("quantease")}`);
    assert.ok(geometric("rtn") > geometric("gptq") && geometric("gptq") > geometric("auto"));
  });

  it("treats rows alone: permuting and splitting them permutes and splits the codes", async () => {
    const made = makeLayer({ rows: 11, columns: 24, seed: 12 });
    const reversed = Float64Array.from(
      { length: 11 * 24 },
      (_, at) => made.weights.data[(10 - Math.floor(at / 24)) * 24 + at % 24],
    );
    for (const method of methods) {
      const whole = await quantize(made, { bits: 2, method });
      const flipped = await quantizeLayer(matrix(11, 24, reversed), made.gram, { bits: 2, method });
      const part = await quantizeLayer(matrix(4, 24, made.weights.data.slice(0, 96)), made.gram, { bits: 2, method });
      for (let i = 0; i < 11; i++) {
        const row = whole.codes.subarray(i * 24, i * 24 + 24);
        assert.deepEqual(flipped.codes.subarray((10 - i) * 24, (11 - i) * 24), row, `${method}, row ${i}`);
        if (i < 4) assert.deepEqual(part.codes.subarray(i * 24, i * 24 + 24), row, `${method}, row ${i} of a part`);
      }
    }
  });

  it("does not see the scale of the Gram matrix, nor that of the weights where it is a power of two", async () => {
    const made = makeLayer({ rows: 6, columns: 24, seed: 13 });
    const scaled: MadeLayer = {
      weights: matrix(6, 24, made.weights.data.map((x) => x * 2 ** -40)),
      gram: matrix(24, 24, made.gram.data.map((x) => x * 2 ** 30)),
    };
    for (const method of methods) {
      const plain = await quantize(made, { bits: 3, method }), other = await quantize(scaled, { bits: 3, method });
      assert.deepEqual(other.codes, plain.codes, method);
      assert.equal(other.objective, plain.objective * 2 ** -50, method);
    }
  });

  it("is the same for the same seed, and no worse for another", async () => {
    const made = makeLayer({ rows: 8, columns: 48, seed: 14 });
    const [first, again, other] = await Promise.all([1, 1, 2].map((seed) => quantize(made, { bits: 2, seed })));
    assert.deepEqual(first.codes, again.codes);
    assert.notDeepEqual(first.codes, other.codes);
    assertClose(other.objective, first.objective, 0.05, "objective of another seed");
  });

  it("more coolings of auto never raise the error of any row", async () => {
    const made = makeLayer({ rows: 8, columns: 40, seed: 15 });
    // Forty passes of the heat bath are one cooling.
    const few = await quantize(made, { bits: 2, grid: "range", iterations: 10 });
    const many = await quantize(made, { bits: 2, grid: "range", iterations: 50 });
    const before = rowLosses(made, dequantize(few)), after = rowLosses(made, dequantize(many));
    after.forEach((loss, i) => assert.ok(loss <= before[i] * (1 + 1e-12), `row ${i}`));
    assert.ok(many.objective < few.objective);
  });

  it("gives the same codes on any number of threads", async () => {
    // Rows enough for every kernel to be cut into pieces.
    const made = makeLayer({ rows: 2400, columns: 56, seed: 17, dtype: "f32" });
    const variants: readonly QuantizeOptions[] = [
      { method: "gptq", activationOrder: true },
      { method: "quantease", groupSize: 14 },
      { method: "auto" },
      { method: "auto", outliers: { fraction: 0.01 } },
    ];
    for (const variant of variants) {
      const options = { ...variant, bits: 2, iterations: 6 } as const;
      const one = await quantize(made, { ...options, backend: "wasm" });
      for (const threads of [2, 3, 8]) {
        const more = await quantize(made, { ...options, backend: "threads", threads });
        const what = `${JSON.stringify(variant)}, ${threads} threads`;
        assert.deepEqual([more.codes, more.objective, more.trace], [one.codes, one.objective, one.trace], what);
      }
    }
  });

  it("states its cost in dense passes", async () => {
    const made = makeLayer({ rows: 32, columns: 64, seed: 16 });
    assert.equal((await quantize(made, { method: "rtn" })).passes, 0);
    assertClose((await quantize(made, { method: "gptq" })).passes, 0.5 + 64 / (6 * 32), 1e-9, "gptq");
    assert.equal((await quantize(made, { method: "quantease", iterations: 7 })).passes, 7);
    const { passes } = await quantize(made, { bits: 3 });
    assert.ok(passes > 15 && passes < 35, `auto, which tries every method on so small a layer: ${passes}`);
    const wide = makeLayer({ rows: 512, columns: 320, seed: 16, dtype: "f32" });
    const large = await quantize(wide, { bits: 3, iterations: 25 });
    assert.ok(large.passes > 5 && large.passes < 11, `auto on a larger one: ${large.passes}`);
  });
});

/** The least loss over every choice of codes, on the grid that rounding uses. */
async function enumerate(made: MadeLayer, bits: 2): Promise<number> {
  const { scales, zeros } = await quantize(made, { bits, method: "rtn" });
  const columns = made.weights.shape[1], codes = new Uint8Array(columns);
  const dense: Matrix = matrix(1, columns);
  let least = Infinity;
  for (let choice = 0; choice < 4 ** columns; choice++) {
    for (let j = 0; j < columns; j++) {
      codes[j] = (choice >> (2 * j)) & 3;
      dense.data[j] = scales.data[0] * (codes[j] - zeros.data[0]);
    }
    least = Math.min(least, lossOf(made, dense));
  }
  return least;
}
