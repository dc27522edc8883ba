import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { accumulateGram, dequantize, type Matrix, matrix, quantizeLayer, type QuantizeOptions } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { lossOf, makeLayer } from "../../support/layers.ts";
import { products } from "../../support/moved_layers.ts";

const variants: readonly QuantizeOptions[] = [
  { method: "rtn" },
  { method: "gptq" },
  { method: "gptq", activationOrder: true },
  { method: "quantease" },
];

/** A layer whose inputs have a mean of so many standard deviations, of either sign where `signs` says so. */
async function layerWithMean(mean: number, seed: number, rows = 64, columns = 64, signs = false) {
  const random = createRandom(seed), tokens = 4 * columns, accumulator = accumulateGram(columns);
  const means = Float64Array.from({ length: columns }, () => mean * (signs && random.normal() < 0 ? -1 : 1));
  const mixing = Float64Array.from({ length: columns * columns }, () => random.normal() / Math.sqrt(columns));
  const inputs = new Float64Array(tokens * columns);
  for (let t = 0; t < tokens; t++) {
    for (let k = 0; k < columns; k++) {
      const latent = random.normal();
      for (let j = 0; j < columns; j++) inputs[t * columns + j] += latent * mixing[k * columns + j];
    }
    for (let j = 0; j < columns; j++) inputs[t * columns + j] += means[j];
  }
  await accumulator.add(matrix(tokens, columns, inputs));
  const weights = matrix(rows, columns, Float32Array.from({ length: rows * columns }, random.normal));
  return { weights, gram: await accumulator.gram() };
}

/** The Gram matrix of inputs that are scaled one by one. */
const scaled = ({ data, shape: [columns] }: Matrix, factor: (j: number) => number) =>
  matrix(columns, columns, data.map((x, at) => x * factor(Math.floor(at / columns)) * factor(at % columns)));

describe("a limit of time", () => {
  it("leaves time for the certificate: by a clock that work alone moves", async () => {
    const { weights, gram } = makeLayer({ rows: 512, columns: 384, seed: 2, dtype: "f32" });
    const { now } = performance, common = { bits: 3, threads: 1, backend: "wasm" } as const;
    performance.now = () => 1000;
    try {
      // Rounding is nothing beside its certificate.
      const { elapsedMs: certificateMs } = await quantizeLayer(weights, gram, { ...common, method: "rtn" });
      for (const method of ["auto", "quantease"] as const) {
        const timeLimitMs = 3 * certificateMs;
        const { elapsedMs, status } = await quantizeLayer(weights, gram, { ...common, method, timeLimitMs });
        assert.equal(status, "time-limit", method);
        const late = elapsedMs - timeLimitMs;
        assert.ok(late < 0.3 * certificateMs, `${method}: ${late} ms late, a certificate takes ${certificateMs}`);
      }
    } finally {
      performance.now = now;
    }
  });
});

describe("auto on difficult layers", () => {
  for (const mean of [0, 3, 10, 30]) {
    it(`is above no other method on the same grid, in no row of a hundred, at a mean of ${mean} deviations`, async () => {
      for (const [grid, bits, signs] of [["range", 2, false], ["range", 4, true], ["search", 3, true]] as const) {
        const { weights, gram } = await layerWithMean(mean, 5 + mean, 64, 64, signs);
        const auto = await quantizeLayer(weights, gram, { bits, grid });
        for (const variant of variants) {
          const other = await quantizeLayer(weights, gram, { bits, grid, ...variant });
          const what = `${grid}, ${bits} bits, ${JSON.stringify(variant)}`;
          assert.ok(auto.objective <= other.objective, `${what}: ${auto.objective}, ${other.objective}`);
          const above = auto.rowObjectives.filter((objective, i) => objective > other.rowObjectives[i] * (1 + 1e-6));
          assert.ok(above.length <= 0.01 * 64, `${what}: ${above.length} rows`);
        }
      }
    });
  }

  it("is above QuantEase in no row of a hundred of a wider layer either, of inputs with little or all in common", async () => {
    for (const [mean, bits] of [[0, 2], [0, 4], [30, 4]] as const) {
      const { weights, gram } = await layerWithMean(mean, 7, 100, 288);
      const auto = await quantizeLayer(weights, gram, { bits, grid: "range" });
      const other = await quantizeLayer(weights, gram, { bits, method: "quantease" });
      const above = auto.rowObjectives.filter((objective, i) => objective > other.rowObjectives[i] * (1 + 1e-6));
      assert.ok(above.length <= 1, `mean ${mean}, ${bits} bits: ${above.length} rows`);
    }
  });

  it("is in no row of a small layer above any order and start of any method on the same grid", async () => {
    const ways = (["weights", "rtn", "gptq"] as const).flatMap((initial) =>
      [false, true].map((activationOrder) => ({ method: "quantease", initial, activationOrder }) as const)
    );
    for (let seed = 0; seed < 24; seed++) {
      const mean = [0, 3, 10, 30][seed % 4], columns = 6 + seed % 5 * 5, bits = ([2, 3, 4, 8] as const)[seed % 3 + 1];
      const { weights, gram } = await layerWithMean(mean, 100 + seed, 4, columns, seed % 2 === 0);
      const grid = seed % 3 === 0 ? "search" : "range", common = { bits, grid, symmetric: seed % 5 === 0 } as const;
      const auto = await quantizeLayer(weights, gram, common);
      for (const way of [...variants, ...ways]) {
        const other = await quantizeLayer(weights, gram, { ...common, ...way });
        auto.rowObjectives.forEach((objective, i) => {
          const what = `seed ${seed}, ${JSON.stringify(way)}, row ${i}`;
          assert.ok(
            objective <= other.rowObjectives[i] * (1 + 1e-6),
            `${what}: ${objective}, ${other.rowObjectives[i]}`,
          );
        });
      }
    }
  });

  it("is above no other method where f32 does not see what the errors of a row cancel to", async () => {
    for (const seed of [5, 6, 14, 17, 18]) {
      const random = createRandom(seed), columns = 8;
      const inputs = Float64Array.from({ length: 4 * columns * columns }, () => 1e6 + random.normal());
      const samples = matrix(4 * columns, columns, inputs), gram = products(samples, samples);
      const weights = matrix(4, columns, Float32Array.from({ length: 4 * columns }, random.normal));
      const common = { bits: 4, grid: "range", groupSize: 8 } as const;
      const auto = await quantizeLayer(weights, gram, common);
      assert.equal(auto.violations, 0);
      for (const variant of variants) {
        const other = await quantizeLayer(weights, gram, { ...common, ...variant }), what = JSON.stringify(variant);
        assert.ok(auto.objective <= other.objective * (1 + 1e-6), `${what}: ${auto.objective}, ${other.objective}`);
      }
    }
  });

  it("has the codes of each row alone where an input far above the others makes f64 change codes of some rows", async () => {
    for (const seed of [7, 12, 19, 26, 30]) {
      const random = createRandom(seed), rows = 4, columns = 12;
      const inputs = Float64Array.from(
        { length: 20 * columns },
        (_, at) => at % columns === 3 ? 2 ** 53 - Math.round(1e6 * Math.abs(random.normal())) : random.normal(),
      );
      const samples = matrix(20, columns, inputs), gram = products(samples, samples);
      const weights = matrix(rows, columns, Float32Array.from({ length: rows * columns }, random.normal));
      const options = { bits: 4, groupSize: 4, iterations: 6 } as const;
      const whole = await quantizeLayer(weights, gram, options);
      for (let i = 0; i < rows; i++) {
        const row = matrix(1, columns, weights.data.slice(i * columns, (i + 1) * columns));
        const { codes } = await quantizeLayer(row, gram, options);
        assert.deepEqual(codes, whole.codes.slice(i * columns, (i + 1) * columns), `seed ${seed}, row ${i}`);
      }
    }
  });

  it("is not above itself without outliers, and is well below it on average", async () => {
    let ratios = 0;
    for (const mean of [0, 3, 10, 30]) {
      const { weights, gram } = await layerWithMean(mean, 8);
      const plain = await quantizeLayer(weights, gram, { bits: 3 });
      const kept = await quantizeLayer(weights, gram, { bits: 3, outliers: { fraction: 0.02 } });
      assert.ok(kept.objective <= plain.objective, `${mean}: ${kept.objective / plain.objective}`);
      ratios += kept.objective / plain.objective / 4;
    }
    assert.ok(ratios < 0.97, `${ratios}`);
  });
});

describe("quantizeLayer over the range of f32", () => {
  const { weights, gram } = makeLayer({ rows: 6, columns: 12, seed: 3, dtype: "f32" });
  const options: readonly QuantizeOptions[] = [
    {},
    { grid: "range" },
    ...variants,
    { outliers: { fraction: 0.05 } },
    { method: "quantease", outliers: { fraction: 0.1, structured: true } },
  ];

  it("makes the same of a Gram matrix times any power of two", async () => {
    for (const some of options) {
      const plain = await quantizeLayer(weights, gram, { bits: 3, ...some });
      for (const exponent of [130, -130, 300, -300]) {
        const layer = await quantizeLayer(weights, scaled(gram, () => 2 ** (exponent / 2)), { bits: 3, ...some });
        const what = `${JSON.stringify(some)}, 2^${exponent}`;
        assert.deepEqual(layer.codes, plain.codes, what);
        assert.deepEqual([...layer.trace], [...plain.trace].map((value) => value * 2 ** exponent), what);
      }
    }
  });

  it("lets an input 1e-40 of the others be dead, or one 1e19 of them rule", async () => {
    for (const some of options) {
      for (const factor of [1e-40, 1e19]) {
        const made = { weights, gram: scaled(gram, (j) => j === 3 ? factor : 1) };
        const layer = await quantizeLayer(made.weights, made.gram, { bits: 3, ...some });
        const what = `${JSON.stringify(some)}, ${factor}`, loss = lossOf(made, dequantize(layer));
        assert.ok(Number.isFinite(layer.objective) && layer.trace.every(Number.isFinite), what);
        assert.ok(Math.abs(layer.objective - loss) <= 1e-9 * loss, what);
        assert.ok(layer.codes.every((code) => code <= 7), what);
      }
    }
  });

  it("accumulates activations whose squares leave f32", async () => {
    for (const size of [1e19, 1e25, 1e-30]) {
      const data = Float32Array.from(
        { length: 40 * 5 },
        (_, at) => size * Math.sin(at * at) * (at % 5 === 2 ? 1e-8 : 1),
      );
      const accumulator = accumulateGram(5);
      await accumulator.add(matrix(40, 5, data));
      const { data: sum } = await accumulator.gram();
      for (let j = 0; j < 5; j++) {
        let expected = 0;
        for (let t = 0; t < 40; t++) expected += data[t * 5 + 2] * data[t * 5 + j];
        assert.ok(Math.abs(sum[2 * 5 + j] - expected) <= 1e-12 * Math.sqrt(sum[12] * sum[j * 6]), `${size}, ${j}`);
      }
    }
  });
});

describe("quantizeLayer on nasty layers", () => {
  const random = createRandom(9);
  const normal = (rows: number, columns: number, size = 1) =>
    Array.from({ length: rows * columns }, () => size * random.normal());
  const made = makeLayer({ rows: 3, columns: 6, seed: 4 });
  const duplicate = made.gram.data.map((_, at) => made.gram.data[(Math.floor(at / 6) >> 1) * 12 + (at % 6 >> 1) * 2]);
  const layers: Readonly<Record<string, readonly [number, number, number[], ArrayLike<number>]>> = {
    "one row": [1, 6, normal(1, 6), made.gram.data],
    "one column": [5, 1, normal(5, 1), [2]],
    "one weight": [1, 1, [0.3], [1]],
    "equal weights": [3, 6, new Array(18).fill(0.7), made.gram.data],
    "zero weights": [3, 6, new Array(18).fill(0), made.gram.data],
    "huge weights": [3, 6, normal(3, 6, 1e30), made.gram.data],
    "tiny weights": [3, 6, normal(3, 6, 1e-40), made.gram.data],
    "subnormal weights": [3, 6, normal(3, 6, 1e-44), made.gram.data],
    "duplicate inputs": [3, 6, normal(3, 6), duplicate],
    "dead inputs": [
      3,
      6,
      normal(3, 6),
      made.gram.data.map((x, at) => at % 6 === 2 || Math.floor(at / 6) === 2 ? 0 : x),
    ],
    "no inputs": [3, 6, normal(3, 6), new Float64Array(36)],
  };
  for (const [name, [rows, columns, values, gram]] of Object.entries(layers)) {
    it(`${name}: codes on a valid grid, and numbers throughout`, async () => {
      for (const kind of [Float32Array, Float64Array]) {
        const weights = matrix(rows, columns, kind.from(values));
        for (const bits of [2, 3, 8] as const) {
          for (
            const variant of [{}, { grid: "range" }, { symmetric: true }, ...variants] as readonly QuantizeOptions[]
          ) {
            const layer = await quantizeLayer(weights, matrix(columns, columns, Float64Array.from(gram)), {
              bits,
              ...variant,
            });
            const what = `${kind.name} ${bits} ${JSON.stringify(variant)}`;
            assert.ok(layer.codes.every((code) => code < 2 ** bits), what);
            assert.ok(layer.scales.data.every((scale) => scale > 0 && scale < Infinity), what);
            assert.ok(layer.zeros.data.every((zero) => Number.isInteger(zero) && zero >= 0 && zero < 2 ** bits), what);
            assert.ok([layer.objective, layer.relativeError, ...layer.trace].every((value) => value >= 0), what);
          }
        }
      }
    });
  }
});

describe("quantease", () => {
  it("with relaxEvery 1 leaves the grid in every pass but the last, and says that the limit ended it", async () => {
    const { weights, gram } = makeLayer({ rows: 8, columns: 32, seed: 10 });
    const layer = await quantizeLayer(weights, gram, { bits: 3, method: "quantease", relaxEvery: 1, iterations: 4 });
    const rounded = await quantizeLayer(weights, gram, { bits: 3, method: "rtn" });
    assert.equal(layer.status, "iteration-limit");
    assert.equal(layer.trace.length, 4);
    assert.ok(layer.trace.subarray(0, 3).every((value) => value < 1e-9 * layer.objective));
    assert.ok(layer.objective < rounded.objective);
  });

  it("of a row is that of the row alone where the row comes back to what it was before it left the grid", async () => {
    for (const seed of [31, 38, 45, 56, 64]) {
      const random = createRandom(seed), columns = 12, gram = matrix(columns, columns);
      for (let t = 0; t < 30; t++) {
        const x = Float64Array.from({ length: columns }, random.normal);
        gram.data.forEach((_, at) => gram.data[at] += x[Math.floor(at / columns)] * x[at % columns]);
      }
      const weights = matrix(4, columns, Float64Array.from({ length: 4 * columns }, random.normal));
      const options = { bits: 4, method: "quantease", groupSize: 2, iterations: 4, grid: "search" } as const;
      const whole = await quantizeLayer(weights, gram, options);
      for (let i = 0; i < 4; i++) {
        const row = matrix(1, columns, weights.data.slice(i * columns, (i + 1) * columns));
        const { codes } = await quantizeLayer(row, gram, options);
        assert.deepEqual(codes, whole.codes.slice(i * columns, (i + 1) * columns), `seed ${seed}, row ${i}`);
      }
    }
  });

  it("has numbers in its trace where there are outliers and no inputs", async () => {
    const weights = matrix(3, 5, Float32Array.from({ length: 15 }, (_, at) => Math.sin(at)));
    for (const structured of [false, true]) {
      const outliers = { fraction: 0.2, structured };
      const { trace } = await quantizeLayer(weights, matrix(5, 5), { method: "quantease", outliers, iterations: 3 });
      assert.deepEqual([...trace], [0, 0, 0]);
    }
  });

  it("keeps the best iterate of each row, which is that of the row alone", async () => {
    const made = makeLayer({ rows: 20, columns: 40, seed: 12 });
    const whole = await quantizeLayer(made.weights, made.gram, { bits: 2, method: "quantease" });
    for (const at of [0, 7, 19]) {
      const row = matrix(1, 40, made.weights.data.slice(at * 40, at * 40 + 40));
      const alone = await quantizeLayer(row, made.gram, { bits: 2, method: "quantease" });
      assert.deepEqual(alone.codes, whole.codes.slice(at * 40, at * 40 + 40), `row ${at}`);
    }
  });
});
