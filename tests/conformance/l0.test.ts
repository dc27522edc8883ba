import assert from "node:assert/strict";
import { type L0Penalty, penaltyKinds } from "../../kernels/spec/l0.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { conformance } from "./grid.ts";

const penalties: L0Penalty[] = [
  { lambda0: 0.3, lambda2: 0.2, bound: Infinity, threshold: 2 * Math.sqrt(0.06), ratio: Math.sqrt(1.5) },
  { lambda0: 0.3, lambda2: 0.2, bound: 0.4, threshold: 0.3 / 0.4 + 0.2 * 0.4, ratio: Math.sqrt(1.5) },
  { lambda0: 0.02, lambda2: 0, bound: 0.5, threshold: 0.04, ratio: Infinity },
];

/** `A^T A` of a random `A` [rows, size], as rows of numbers. */
function gramOf(size: number, rows: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const data = Float64Array.from({ length: rows * size }, () => random.normal() / Math.sqrt(rows));
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < rows; k++) gram[i * size + j] += data[k * size + i] * data[k * size + j];
    }
  }
  return gram;
}

function close(actual: Float64Array, expected: Float64Array, what: string): void {
  actual.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) <= 1e-9, `${what} ${i}: ${value}, ${expected[i]}`)
  );
}

conformance("regressionDescent", "follows the reference step by step", async ({ workspace, kernel, reference }) => {
  for (const [features, count] of [[1, 1], [3, 0], [4, 4], [9, 5], [67, 33]]) {
    for (const penalty of penalties) {
      const random = createRandom(features);
      const gram = workspace.allocate("f64", features * features, "gram");
      workspace.write(gram, gramOf(features, features + 5, features));
      const linear = { array: workspace.allocate("f64", features, "linear"), length: features };
      workspace.write(linear.array, Array.from({ length: features }, random.normal));
      const correlations = { array: workspace.allocate("f64", features, "correlations"), length: features };
      // Every other feature from the last on, so that places in the active set and features differ.
      const chosen = Array.from({ length: count }, (_, i) => (features - 1 - 2 * i + 2 * features) % features);
      const active = workspace.allocate("u32", count, "features"), rows = workspace.allocate("u32", count, "rows");
      workspace.write(active, chosen);
      workspace.write(rows, chosen);
      const kinds = workspace.allocate("u8", count, "kinds");
      workspace.write(kinds, chosen.map((_, i) => Object.values(penaltyKinds)[i % 3]));
      const start = chosen.map((_, i) => i % 2 ? 0 : 0.1);
      const coefficients = { array: workspace.allocate("f64", count, "coefficients"), length: count };
      const run = async (kernels: typeof kernel) => {
        workspace.write(coefficients.array, start);
        const sweeps = await kernels.regressionDescent({
          gram: { array: gram, rows: features, columns: features },
          features: active,
          rows,
          kinds,
          coefficients,
          linear,
          correlations,
          penalty,
          sweeps: 7,
          tolerance: -1,
        });
        return { sweeps, values: [await workspace.read(coefficients.array), await workspace.read(correlations.array)] };
      };
      const expected = await run(reference), actual = await run(kernel);
      assert.equal(actual.sweeps, expected.sweeps);
      actual.values.forEach((values, i) => close(values, expected.values[i], ["coefficient", "correlation"][i]));
    }
  }
});

conformance("graphDescent", "follows the reference step by step", async ({ workspace, kernel, reference }) => {
  for (const vertices of [1, 2, 3, 5, 18]) {
    for (const penalty of penalties) {
      const gram = workspace.allocate("f64", vertices * vertices, "gram");
      workspace.write(gram, gramOf(vertices, vertices + 5, vertices));
      const pairs: number[] = [];
      for (let i = 0; i < vertices; i++) for (let j = i + 1; j < vertices; j += 2) pairs.push(i, j);
      const count = pairs.length / 2;
      const ends = workspace.allocate("u32", pairs.length, "ends"), kinds = workspace.allocate("u8", count, "kinds");
      workspace.write(ends, pairs);
      workspace.write(kinds, Array.from({ length: count }, (_, e) => Object.values(penaltyKinds)[e % 3]));
      const values = { array: workspace.allocate("f64", count, "values"), length: count };
      const diagonal = { array: workspace.allocate("f64", vertices, "diagonal"), length: vertices };
      const norms = { array: workspace.allocate("f64", vertices, "norms"), length: vertices };
      const products = workspace.allocate("f64", vertices * vertices, "products");
      const run = async (kernels: typeof kernel) => {
        workspace.write(values.array, Array.from({ length: count }, (_, e) => e % 2 ? 0 : 0.05));
        workspace.write(diagonal.array, Array.from({ length: vertices }, (_, i) => 1 + i / vertices));
        const sweeps = await kernels.graphDescent({
          gram: { array: gram, rows: vertices, columns: vertices },
          ends,
          kinds,
          values,
          diagonal,
          products: { array: products, rows: vertices, columns: vertices },
          norms,
          penalty,
          sweeps: 20,
          tolerance: -1,
        });
        const results = [values.array, diagonal.array, norms.array, products].map((array) => workspace.read(array));
        return { sweeps, results: await Promise.all(results) };
      };
      const expected = await run(reference), actual = await run(kernel);
      assert.equal(actual.sweeps, expected.sweeps);
      actual.results.forEach((result, i) => {
        close(result, expected.results[i], ["value", "diagonal", "norm", "product"][i]);
      });
    }
  }
});
