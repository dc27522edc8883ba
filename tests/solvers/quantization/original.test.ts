import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  accumulateGram,
  DataError,
  dequantize,
  type Matrix,
  matrix,
  OptionError,
  type QuantizationMethod,
  type QuantizedLayer,
  quantizeLayer,
  type QuantizeOptions,
  ShapeError,
} from "../../../mod.ts";
import { makeMovedLayer, type MovedLayer, movedLosses, products } from "../../support/moved_layers.ts";

const methods: readonly QuantizationMethod[] = ["rtn", "gptq", "quantease", "auto"];

const quantize = ({ weights, gram, original }: MovedLayer, options: QuantizeOptions) =>
  quantizeLayer(weights, gram, { original, ...options });

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What is found, without what tells of the run itself. */
const found = ({ elapsedMs: _, plan: { reason: __ }, ...rest }: QuantizedLayer) => rest;

/** Fails where the layer's error is not that of the outputs it stands for. */
function assertTrue(layer: MovedLayer, quantized: QuantizedLayer, what: string): void {
  const { losses, norms } = movedLosses(layer, dequantize(quantized));
  const near = (received: number, truth: number, name: string) =>
    assert.ok(Math.abs(received - truth) <= 1e-9 * truth, `${what}: ${name} is ${received}, in truth ${truth}`);
  losses.forEach((loss, i) => near(quantized.rowObjectives[i], loss, `the objective of row ${i}`));
  near(quantized.objective, sum(losses), "the objective");
  near(quantized.relativeError, sum(losses) / sum(norms), "the relative error");
}

/** Codes that another level of the same weight would improve, from the inputs themselves. */
function violationsOf(layer: MovedLayer, quantized: QuantizedLayer): number {
  const { shape: [rows, columns], scales, zeros, groupIndex, codes, bits } = quantized, groups = scales.shape[1];
  const dense = dequantize(quantized), { losses } = movedLosses(layer, dense);
  let count = 0;
  for (let j = 0; j < columns; j++) {
    for (let code = 0; code < 2 ** bits; code++) {
      const other = matrix(rows, columns, dense.data.slice());
      for (let i = 0; i < rows; i++) {
        const group = i * groups + (groupIndex?.[j] ?? 0), at = i * columns + j;
        if (codes[at] !== code) other.data[at] += scales.data[group] * (code - codes[at]);
      }
      movedLosses(layer, other).losses.forEach((loss, i) => loss < losses[i] * (1 - 1e-9) && count++);
    }
  }
  assert.equal(zeros.data.length, scales.data.length);
  return count;
}

describe("quantizeLayer with original", () => {
  const variants: readonly QuantizeOptions[] = [
    ...methods.map((method) => ({ method })),
    { method: "auto", grid: "range", groupSize: 6 },
    { method: "auto", initial: "weights" },
    { method: "auto", initial: "rtn" },
    { method: "auto", outliers: { fraction: 0.05 } },
    { method: "auto", outliers: { fraction: 0.1, structured: true } },
    { method: "gptq", activationOrder: true, groupSize: 4, grid: "search" },
    { method: "gptq", symmetric: true },
    { method: "quantease", activationOrder: true },
    { method: "quantease", initial: "gptq", groupSize: 12 },
    { method: "quantease", outliers: { fraction: 0.05 } },
  ];

  it("counts what a code adds on an input that is next to nothing beside another", async () => {
    // Products of 1e-4 and 1e33: the former is dead for f32, but the codes of its column are anything.
    const { weights, before, after } = makeMovedLayer({ rows: 3, columns: 3, seed: 7 });
    const scaled = ({ data, shape }: Matrix) => matrix(...shape, data.map((x, at) => x * [1e-3, 1e3, 1e16][at % 3]));
    const [one, other] = [scaled(before), scaled(after)];
    const layer: MovedLayer = {
      weights,
      before: one,
      after: other,
      gram: products(other, other),
      original: { cross: products(one, other), gram: products(one, one), share: 0.5 },
    };
    for (const method of methods) {
      for (const scale of [1, 1e9]) {
        // Weights of that column as large as they matter little.
        const large = matrix(3, 3, weights.data.map((x, at) => at % 3 === 0 ? x * scale : x));
        const quantized = await quantize({ ...layer, weights: large }, { bits: 2, method, iterations: 6 });
        const { losses } = movedLosses({ ...layer, weights: large }, dequantize(quantized));
        losses.forEach((loss, i) => {
          const off = Math.abs(quantized.rowObjectives[i] - loss);
          assert.ok(off <= 1e-10 * loss, `${method}, ${scale}: row ${i} is ${quantized.rowObjectives[i]}, not ${loss}`);
        });
      }
    }
  });

  it("reports the distance of the outputs from those of the original, for every method and precision", async () => {
    for (const dtype of ["f32", "f64"] as const) {
      for (const share of [0.5, 1]) {
        const layer = makeMovedLayer({ rows: 5, columns: 24, seed: 3, dtype, share });
        for (const variant of variants) {
          const quantized = await quantize(layer, { bits: 3, iterations: 10, ...variant });
          assertTrue(layer, quantized, `${JSON.stringify(variant)}, share ${share}, ${dtype}`);
        }
      }
    }
  });

  it("with the same inputs, or a share of 0, gives the bits of the solve without", async () => {
    for (const dtype of ["f32", "f64"] as const) {
      const { weights, gram, original } = makeMovedLayer({ rows: 7, columns: 24, seed: 4, dtype });
      for (const variant of variants) {
        const options = { bits: 2, iterations: 10, ...variant } as const;
        const plain = found(await quantizeLayer(weights, gram, options));
        const same = { cross: gram, gram };
        assert.deepEqual(found(await quantizeLayer(weights, gram, { ...options, original: same })), plain);
        const none = { ...original, share: 0 };
        assert.deepEqual(found(await quantizeLayer(weights, gram, { ...options, original: none })), plain);
      }
    }
  });

  it("equals the plain solve of weights that were moved, where the inputs moved within themselves", async () => {
    // X = A X~, so that W X = (W A) X~: the same codes on the same grid are wanted.
    const { weights, gram, after } = makeMovedLayer({ rows: 6, columns: 20, seed: 5 });
    const map = matrix(
      20,
      20,
      Float64Array.from({ length: 400 }, (_, at) => (at % 21 === 0 ? 1 : (at * 37 % 19 - 9) / 90)),
    );
    const transposed = matrix(20, 20, map.data.map((_, at) => map.data[at % 20 * 20 + Math.floor(at / 20)]));
    const before = products(matrix(20, after.shape[0], transposeOf(after.data, after.shape[0], 20)), transposed);
    assert.deepEqual(before.shape, after.shape);
    const moved = products(matrix(20, 6, transposeOf(weights.data, 6, 20)), map);
    const original = { cross: products(before, after), gram: products(before, before), share: 1 };
    for (const seed of [0, 1]) {
      const options = { bits: 8, iterations: 40, seed } as const;
      const direct = await quantizeLayer(weights, gram, { ...options, original, grid: "range" });
      // On so fine a grid, both come near to the weights that were moved, which the ranges of both hold.
      const loss = (layer: QuantizedLayer) => {
        const dense = dequantize(layer);
        let total = 0;
        for (let at = 0; at < dense.data.length; at++) {
          total = Math.max(total, Math.abs(dense.data[at] - moved.data[at]));
        }
        return total;
      };
      const relative = direct.relativeError;
      assert.ok(relative < 2e-3, `${relative}, off by ${loss(direct)}`);
      const plain = await quantizeLayer(weights, gram, { ...options, grid: "range" });
      assert.ok(
        direct.objective < 0.2 * sum(movedLosses({ weights, gram, before, after, original }, dequantize(plain)).losses),
      );
    }
  });

  it("is nearer to the original than the solve without, by every method but rounding", async () => {
    const layer = makeMovedLayer({ rows: 16, columns: 40, seed: 6 });
    for (const method of methods) {
      const { objective } = await quantize(layer, { bits: 4, method });
      const plain = await quantizeLayer(layer.weights, layer.gram, { bits: 4, method });
      const other = sum(movedLosses(layer, dequantize(plain)).losses);
      if (method === "rtn") assert.ok(Math.abs(objective - other) <= 1e-9 * other);
      else assert.ok(objective < 0.9 * other, `${method}: ${objective}, without ${other}`);
    }
  });

  it("quantease never rises from pass to pass, and ends where no change improves", async () => {
    const layer = makeMovedLayer({ rows: 6, columns: 24, seed: 8 });
    const options = { bits: 3, method: "quantease", relaxEvery: 0, iterations: 80 } as const;
    const quantized = await quantize(layer, options), { trace, objective, status } = quantized;
    for (let t = 1; t < trace.length; t++) assert.ok(trace[t] <= trace[t - 1] * (1 + 1e-12), `pass ${t}`);
    assert.equal(status, "converged");
    assert.ok(Math.abs(trace.at(-1)! - objective) <= 1e-9 * objective);
    assert.equal(violationsOf(layer, quantized), 0);
  });

  it("auto ends in a coordinate-wise minimum, and its trace in its objective", async () => {
    for (const dtype of ["f32", "f64"] as const) {
      const layer = makeMovedLayer({ rows: 5, columns: 24, seed: 9, dtype });
      for (const groupSize of [24, 8]) {
        const quantized = await quantize(layer, { bits: 3, groupSize }), { status, trace, violations } = quantized;
        assert.deepEqual([status, violations, violationsOf(layer, quantized)], ["converged", 0, 0]);
        assert.ok(trace.every((value, t) => t === 0 || value <= trace[t - 1] * (1 + 1e-6)), `${trace}`);
        assert.ok(quantized.objective <= trace[0] * (1 + 1e-6), "the trace begins below the objective");
      }
    }
  });

  it("auto is above no other method on the same grid, in any row", async () => {
    const layer = makeMovedLayer({ rows: 12, columns: 32, seed: 10 });
    for (const bits of [2, 3, 4] as const) {
      const auto = await quantize(layer, { bits, grid: "range" });
      for (const method of ["rtn", "gptq", "quantease"] as const) {
        for (const activationOrder of method === "gptq" ? [false, true] : [false]) {
          const other = await quantize(layer, { bits, method, activationOrder });
          auto.rowObjectives.forEach((objective, row) =>
            assert.ok(objective <= other.rowObjectives[row] * (1 + 1e-9), `${method}, ${bits} bits, row ${row}`)
          );
        }
      }
    }
  });

  it("finds the optimum of tiny rows nearly always: enumeration", async () => {
    const ratios: Record<string, number[]> = { auto: [], quantease: [], gptq: [], rtn: [] };
    for (let seed = 0; seed < 6; seed++) {
      const layer = makeMovedLayer({ rows: 3, columns: 4, seed, tokens: 24 });
      const optima = optimaOf(layer, await quantize(layer, { bits: 2, method: "rtn" }));
      for (const method of methods) {
        const { rowObjectives } = await quantize(layer, { bits: 2, method, grid: "range" });
        rowObjectives.forEach((objective, row) => {
          assert.ok(objective >= optima[row] * (1 - 1e-9), `${method} is below the optimum`);
          ratios[method].push(Math.log(objective / optima[row]));
        });
      }
    }
    const excess = Object.fromEntries(methods.map((method) => [method, sum(ratios[method]) / ratios[method].length]));
    assert.ok(excess.auto <= 0.01, `auto: ${excess.auto}`);
    assert.ok(excess.rtn > excess.gptq && excess.gptq >= excess.auto, JSON.stringify(excess));
  });

  it("gptq equals the sweep over the weights that a damped solve moved, in f64", async () => {
    for (const [seed, damping] of [[11, 0.01], [12, 0.2]]) {
      const layer = makeMovedLayer({ rows: 5, columns: 16, seed });
      const quantized = await quantize(layer, { bits: 3, method: "gptq", damping });
      assert.deepEqual(quantized.codes, gptqOfMoved(layer, quantized, damping));
    }
  });

  it("gives the same codes in blocks of rows and on any number of threads", async () => {
    const layer = makeMovedLayer({ rows: 1300, columns: 40, seed: 13, dtype: "f32" });
    for (const variant of [{ method: "gptq" }, { method: "quantease" }, { method: "auto" }] as const) {
      const options = { bits: 2, iterations: 4, ...variant } as const;
      const one = await quantize(layer, { ...options, backend: "wasm" });
      const more = await quantize(layer, { ...options, backend: "threads", threads: 3 });
      assert.deepEqual([more.codes, more.objective, more.trace], [one.codes, one.objective, one.trace]);
      const part = { ...layer, weights: matrix(500, 40, layer.weights.data.slice(0, 500 * 40)) };
      const { codes } = await quantize(part, { ...options, backend: "wasm" });
      assert.deepEqual(codes, one.codes.subarray(0, codes.length), variant.method);
    }
  });

  it("takes the sums that accumulateGram makes of both models' inputs, batch after batch", async () => {
    const { weights, before, after } = makeMovedLayer({ rows: 4, columns: 16, seed: 17 }), [tokens] = after.shape;
    for (const Kind of [Float32Array, Float64Array]) {
      const accumulator = accumulateGram(16);
      await assert.rejects(accumulator.original(), { argument: "original" });
      for (let begin = 0; begin < tokens; begin += 50) {
        const part = ({ data }: Matrix) => {
          const rows = Math.min(50, tokens - begin);
          return matrix(rows, 16, Kind.from(data.subarray(begin * 16, (begin + rows) * 16)));
        };
        await accumulator.add(part(after), part(before));
      }
      const gram = await accumulator.gram(), original = await accumulator.original();
      const relative = Kind === Float32Array ? 1e-6 : 1e-12;
      for (
        const [received, wanted] of [
          [gram, products(after, after)],
          [original.cross, products(before, after)],
          [original.gram, products(before, before)],
        ]
      ) {
        const largest = Math.max(...wanted.data.map(Math.abs));
        wanted.data.forEach((value, at) => assert.ok(Math.abs(received.data[at] - value) <= relative * largest));
      }
      const layer = { weights, gram, before, after, original: { ...original, share: 1 } };
      const { objective } = await quantize(layer, { bits: 3, method: "gptq" });
      assert.ok(objective > 0);
      await assert.rejects(accumulator.add(after), { argument: "original" });
      await assert.rejects(accumulator.add(after, matrix(3, 16)), { argument: "original" });
      const { cross } = await accumulator.original();
      assert.deepEqual(cross, original.cross, "refused batches were added");
    }
    // The first layer of a model: nothing moved.
    const accumulator = accumulateGram(16), same = matrix(...after.shape, Float32Array.from(after.data));
    await accumulator.add(same, same);
    const gram = await accumulator.gram(), original = await accumulator.original();
    const plain = await quantizeLayer(weights, gram, { bits: 3 });
    const moved = await quantizeLayer(weights, gram, { bits: 3, original });
    assert.deepEqual(moved.codes, plain.codes);
  });

  it("holds on hard inputs: fewer tokens than inputs, dead and equal inputs, huge and tiny ones", async () => {
    for (const dtype of ["f32", "f64"] as const) {
      for (const scale of [1e-19, 1, 1e15]) {
        const layer = hard(makeMovedLayer({ rows: 4, columns: 16, seed: 14, tokens: 9, dtype }), scale);
        for (const method of methods) {
          const quantized = await quantize(layer, { bits: 3, method });
          const { losses, norms } = movedLosses(layer, dequantize(quantized));
          const off = Math.abs(quantized.objective - sum(losses));
          assert.ok(off <= 1e-8 * sum(losses) + 1e-12 * sum(norms), `${method}, ${scale}, ${dtype}: off by ${off}`);
          assert.ok(quantized.trace.every(Number.isFinite));
        }
      }
    }
  });

  it("refuses an original that does not fit, and names what does not", async () => {
    const layer = makeMovedLayer({ rows: 3, columns: 12, seed: 15 }), { cross, gram } = layer.original;
    const refused = async (original: unknown, kind: new (...values: never[]) => Error, argument: string | undefined) =>
      await assert.rejects(
        quantizeLayer(layer.weights, layer.gram, { original: original as QuantizeOptions["original"] }),
        (error: Error & { argument?: string }) => {
          assert.ok(error instanceof kind, `${error}`);
          assert.equal(error.argument, argument);
          return true;
        },
      );
    const changed = (data: Float64Array, at: number, value: number) => {
      const copy = data.slice();
      copy[at] = value;
      return matrix(12, 12, copy);
    };
    await refused({ cross }, OptionError, "original.gram");
    await refused({ cross, gram, share: 1.5 }, OptionError, "original.share");
    await refused({ cross, gram, shares: 1 }, OptionError, "original.shares");
    await refused({ cross: [1], gram }, TypeError, undefined);
    await refused({ cross: matrix(12, 11), gram }, ShapeError, "original.cross");
    await refused({ cross, gram: matrix(11, 11) }, ShapeError, "original.gram");
    await refused({ cross: changed(cross.data as Float64Array, 3, NaN), gram }, DataError, "original.cross");
    await refused(
      { cross, gram: changed(gram.data as Float64Array, 1, gram.data[1] + 99) },
      DataError,
      "original.gram",
    );
    await refused({ cross: matrix(12, 12, cross.data.map((x) => 3 * x)), gram }, DataError, "original.cross");
    const other = makeMovedLayer({ rows: 3, columns: 12, seed: 16 }).original;
    await refused(other, DataError, "original.cross");

    // Any two inputs may be like this, but not all twelve.
    const identity = matrix(12, 12, Float64Array.from({ length: 144 }, (_, at) => at % 13 === 0 ? 1 : 0));
    const halves = { cross: matrix(12, 12, new Float64Array(144).fill(0.5)), gram: identity };
    const weights = matrix(2, 12, Float64Array.from({ length: 24 }, (_, at) => at % 13 === 0 ? 1 : 0));
    for (const method of ["gptq", "auto", "quantease"] as const) {
      const misfit = quantizeLayer(weights, identity, { method, bits: 8, original: halves });
      await assert.rejects(misfit, (error) => error instanceof DataError && error.argument === "original", method);
    }
  });
});

function transposeOf(data: ArrayLike<number>, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, at) => data[at % rows * columns + Math.floor(at / rows)]);
}

/** The least loss of each row over every choice of codes on the layer's own grid. */
function optimaOf(layer: MovedLayer, { scales, zeros, bits, shape: [rows, columns] }: QuantizedLayer): number[] {
  const least = new Array<number>(rows).fill(Infinity), dense = matrix(rows, columns);
  for (let choice = 0; choice < 2 ** (bits * columns); choice++) {
    for (let at = 0; at < dense.data.length; at++) {
      const i = Math.floor(at / columns), code = (choice >> (bits * (at % columns))) & (2 ** bits - 1);
      dense.data[at] = scales.data[i] * (code - zeros.data[i]);
    }
    movedLosses(layer, dense).losses.forEach((loss, i) => least[i] = Math.min(least[i], loss));
  }
  return least;
}

/**
 * GPTQ of `W' = W + W D (Sigma + damping)^-1` from its definition: each column is rounded, and the columns to come take
 * the values that make the damped error least, by elimination.
 */
function gptqOfMoved(layer: MovedLayer, { scales, zeros, bits }: QuantizedLayer, damping: number): Uint8Array {
  const { weights, gram, original: { cross, share } } = layer, [rows, p] = weights.shape;
  const mean = sum(Array.from({ length: p }, (_, j) => gram.data[j * (p + 1)])) / p;
  const damped = Array.from(
    { length: p },
    (_, j) => Array.from({ length: p }, (_, k) => gram.data[j * p + k] + (j === k ? damping * mean : 0)),
  );
  const codes = new Uint8Array(rows * p);
  for (let i = 0; i < rows; i++) {
    const w = Array.from(weights.data.subarray(i * p, (i + 1) * p));
    const b = Array.from(
      { length: p },
      (_, k) => sum(w.map((value, j) => value * share * (cross.data[j * p + k] - gram.data[j * p + k]))),
    );
    const target = solveSystem(damped, b).map((step, j) => w[j] + step), current = target.slice();
    for (let j = 0; j < p; j++) {
      const code = Math.min(Math.max(Math.round(current[j] / scales.data[i]) + zeros.data[i], 0), 2 ** bits - 1);
      codes[i * p + j] = code;
      current[j] = scales.data[i] * (code - zeros.data[i]);
      const rest = p - j - 1;
      if (rest === 0) continue;
      const later = Array.from({ length: rest }, (_, k) => j + 1 + k);
      const pull = later.map((k) =>
        sum(Array.from({ length: j + 1 }, (_, m) => damped[k][m] * (target[m] - current[m])))
      );
      const step = solveSystem(later.map((k) => later.map((m) => damped[k][m])), pull);
      later.forEach((k, m) => current[k] = target[k] + step[m]);
    }
  }
  return codes;
}

/** Gaussian elimination with pivots. */
function solveSystem(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = b.length, rows = a.map((row, i) => [...row, b[i]]);
  for (let j = 0; j < n; j++) {
    let pivot = j;
    for (let i = j + 1; i < n; i++) if (Math.abs(rows[i][j]) > Math.abs(rows[pivot][j])) pivot = i;
    [rows[j], rows[pivot]] = [rows[pivot], rows[j]];
    for (let i = j + 1; i < n; i++) {
      const factor = rows[i][j] / rows[j][j];
      for (let k = j; k <= n; k++) rows[i][k] -= factor * rows[j][k];
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let j = n - 1; j >= 0; j--) {
    x[j] = (rows[j][n] - sum(x.slice(j + 1).map((value, k) => value * rows[j][j + 1 + k]))) / rows[j][j];
  }
  return x;
}

/** One input is dead, one is another's copy, one huge, one tiny; all are scaled. */
function hard({ weights, before, after, original: { share } }: MovedLayer, scale: number): MovedLayer {
  const changed = ({ data, shape: [tokens, columns] }: typeof before) => {
    const result = matrix(tokens, columns, data.map((x) => x * scale));
    for (let t = 0; t < tokens; t++) {
      const at = t * columns;
      result.data[at + 2] = 0;
      result.data[at + 3] = result.data[at + 5];
      result.data[at + 7] *= 1e6;
      result.data[at + 8] *= 1e-6;
    }
    return result;
  };
  const [one, other] = [changed(before), changed(after)];
  return {
    weights,
    gram: products(other, other),
    before: one,
    after: other,
    original: { cross: products(one, other), gram: products(one, one), share },
  };
}
