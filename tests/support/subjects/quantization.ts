/** Quantised layers as subjects: nasty inputs, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { accumulateGram, dequantize, matrix, quantizeLayer } from "../../../mod.ts";
import type { Vector } from "../../../solvers/core/matrix.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { lossOf } from "../layers.ts";
import { movedLosses, products } from "../moved_layers.ts";
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
  const losses = new Map<string, number>(), narrow = createRandom(seed ^ 0x1616).uniform() < 0.3;
  for (const method of ["rtn", "gptq", "quantease", "auto"] as const) {
    const scalePrecision = narrow ? "f16" : undefined;
    const options = { bits, symmetric, method, iterations: 6, grid: "range", scalePrecision } as const;
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

/** Fixed and searched grids, groups, any start: rows alone have the codes of the whole; auto is above no other, nor is it with outliers. */
async function fuzzGrids(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0x3333), columns = 1 + random.integer(16), rows = 1 + random.integer(4);
  const { samples, kind } = nastyTable(2 + random.integer(30), columns, seed);
  const gram = products(samples, samples), values = Float64Array.from({ length: rows * columns }, random.normal);
  const isSingle = random.uniform() < 0.5;
  const weights = matrix(rows, columns, isSingle ? Float32Array.from(values) : values);
  const bits = ([2, 3, 4, 8] as const)[random.integer(4)], groupSize = 1 + random.integer(columns);
  const groups = Math.ceil(columns / groupSize), whole = random.uniform() < 0.5;
  const scales = matrix(rows, groups, Float64Array.from({ length: rows * groups }, () => 2 ** -random.integer(6)));
  const zeros = matrix(
    rows,
    groups,
    scales.data.map(() => whole ? random.integer(2 ** bits) : 2 ** bits * (1.2 * random.uniform() - 0.1)),
  );
  const fixedGrid = random.uniform() < 0.6 ? { scales, zeros } : undefined;
  const grid = random.uniform() < 0.5 ? "search" : "range", common = { bits, groupSize, grid, iterations: 6 } as const;
  const rounding = Array.from({ length: rows }, (_, i) => {
    let size = 0;
    for (let j = 0; j < columns; j++) {
      size += Math.abs(values[i * columns + j]) * Math.sqrt(gram.data[j * (columns + 1)]);
    }
    return (isSingle ? 1e-9 : 1e-13) * size * size;
  }).reduce((sum, ofRow) => sum + ofRow);
  const objectives: number[] = [];
  for (const method of ["rtn", "gptq", "quantease", "auto"] as const) {
    const what = `layer of seed ${seed}, ${rows} x ${columns} in ${isSingle ? "f32" : "f64"} with ${kind}, ${method} ` +
      `${JSON.stringify(common)}, ${fixedGrid ? "a fixed grid" : "its own grid"}`;
    const layer = await quantizeLayer(weights, gram, { ...common, method, fixedGrid });
    keepsPromises(layer, 0, what);
    assert.ok(layer.codes.every((code) => code < 2 ** bits), `${what}: a code beyond ${bits} bits`);
    if (fixedGrid) {
      assert.deepEqual(
        [...layer.scales.data, ...layer.zeros.data].map(Math.fround),
        [...scales.data, ...zeros.data].map(Math.fround),
        what,
      );
    }
    const loss = lossOf({ weights, gram }, dequantize(layer));
    assert.ok(
      Math.abs(loss - layer.objective) <= 1e-9 * loss + 10 * rounding,
      `${what}: ${layer.objective}, not ${loss}`,
    );
    const i = random.integer(rows),
      part = (data: Vector, width: number) => matrix(1, width, data.slice(i * width, (i + 1) * width));
    const alone = await quantizeLayer(part(weights.data, columns), gram, {
      ...common,
      method,
      fixedGrid: fixedGrid && { scales: part(scales.data, groups), zeros: part(zeros.data, groups) },
    });
    assert.deepEqual(alone.codes, layer.codes.slice(i * columns, (i + 1) * columns), `${what}: row ${i} alone`);
    objectives.push(layer.objective);
  }
  const auto = objectives.pop()!, others = Math.min(...objectives);
  assert.ok(auto <= others * (1 + 1e-6) + rounding, `layer of seed ${seed}: auto is at ${auto}, another at ${others}`);
  if (fixedGrid) return;
  const outliers = { fraction: 0.3 * random.uniform(), structured: random.uniform() < 0.5 };
  const what = `layer of seed ${seed}, ${JSON.stringify({ ...common, outliers })}`;
  const kept = await quantizeLayer(weights, gram, { ...common, outliers });
  keepsPromises(kept, 0, what);
  const loss = lossOf({ weights, gram }, dequantize(kept));
  assert.ok(Math.abs(loss - kept.objective) <= 1e-9 * loss + 10 * rounding, `${what}: ${kept.objective}, not ${loss}`);
  assert.ok(kept.objective <= auto * (1 + 1e-9) + rounding, `${what}: ${kept.objective}, ${auto} without outliers`);
}

/** The same towards the output on other inputs: nasty ones that moved to nasty ones. */
async function fuzzMoved(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0x5555), columns = 1 + random.integer(8), rows = 1 + random.integer(3);
  const { samples: after, kind } = nastyTable(2 + random.integer(30), columns, seed);
  const distance = [0, 1e-6, 0.1, 1][random.integer(4)], share = [0.5, 1][random.integer(2)];
  const before = matrix(...after.shape, after.data.map((x) => x * (1 + distance * random.normal())));
  const gram = products(after, after), values = Float64Array.from({ length: rows * columns }, random.normal);
  const isSingle = random.uniform() < 0.5;
  const weights = matrix(rows, columns, isSingle ? Float32Array.from(values) : values);
  const original = { cross: products(before, after), gram: products(before, before), share };
  for (const method of ["rtn", "gptq", "quantease", "auto"] as const) {
    const bits = ([2, 3, 4, 8] as const)[random.integer(4)], options = { bits, method, iterations: 6 } as const;
    const what = `layer of seed ${seed}, ${rows} x ${columns} in ${isSingle ? "f32" : "f64"} with ${kind}, moved by ` +
      `${distance}, share ${share}, ${JSON.stringify(options)}`;
    const layer = await quantizeLayer(weights, gram, { ...options, original });
    keepsPromises(layer, 0, what);
    const dense = dequantize(layer), { losses } = movedLosses({ weights, gram, before, after, original }, dense);
    // Products of weights and inputs that cancel are what rounding is a share of.
    const size = (i: number) => {
      let sum = 0;
      for (let j = 0; j < columns; j++) {
        const at = j * (columns + 1), root = Math.sqrt(gram.data[at]) + Math.sqrt(original.gram.data[at]);
        sum += (Math.abs(weights.data[i * columns + j]) + Math.abs(dense.data[i * columns + j])) * root;
      }
      return sum * sum;
    };
    losses.forEach((loss, i) => {
      const off = Math.abs(loss - layer.rowObjectives[i]);
      assert.ok(off <= 1e-9 * loss + 1e-12 * size(i), `${what}: row ${i} is ${layer.rowObjectives[i]}, not ${loss}`);
    });
    if (method === "auto" && layer.status === "converged") assert.equal(layer.violations, 0, what);
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
      // The original's inputs are twice these and as much noise: products are twice those.
      const moved = () => ({
        cross: matrix(columns, columns, gram.data.map((x) => 2 * x)),
        gram: matrix(columns, columns, gram.data.map((x, at) => 4 * x + (at % (columns + 1) === 0 ? 1 : 0))),
      });
      const original = name.includes("original") ? moved() : undefined;
      return (solve) => quantizeLayer(weights, gram, { bits: 3, original, ...options, ...solve });
    },
  };
}

/** {@linkcode quantizeLayer}. */
export const layer: Subject = {
  fuzz: async (seed) => {
    await fuzz(seed);
    await fuzzGrids(seed);
    if (seed % 2 === 0) await fuzzMoved(seed);
  },
  stops: [
    quantizes("auto", {}),
    quantizes("auto, towards the original", {}),
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
