import assert from "node:assert/strict";
import { type L0Penalty, penaltyKinds } from "../../kernels/spec/l0.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
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

/** A random graph problem: every other pair is an edge, of every kind in turn. */
function graphProblem(workspace: Workspace, vertices: number) {
  const gram = workspace.allocate("f64", vertices * vertices, "gram");
  workspace.write(gram, gramOf(vertices, vertices + 5, vertices));
  const pairs: number[] = [];
  for (let i = 0; i < vertices; i++) for (let j = i + 1; j < vertices; j += 2) pairs.push(i, j);
  const count = pairs.length / 2;
  const ends = workspace.allocate("u32", pairs.length, "ends"), kinds = workspace.allocate("u8", count, "kinds");
  workspace.write(ends, pairs);
  workspace.write(kinds, Array.from({ length: count }, (_, e) => Object.values(penaltyKinds)[e % 3]));
  const vector = (label: string, length: number) => ({ array: workspace.allocate("f64", length, label), length });
  const values = vector("values", count), diagonal = vector("diagonal", vertices);
  const [starts, neighbours, incident]: number[][] = [[0], [], []];
  for (let i = 0; i < vertices; i++) {
    pairs.forEach((end, at) => {
      if (end !== i) return;
      neighbours.push(pairs[at ^ 1]);
      incident.push(at >> 1);
    });
    starts.push(neighbours.length);
  }
  const list = (label: string, entries: number[]) => {
    const array = workspace.allocate("u32", entries.length, label);
    workspace.write(array, entries);
    return array;
  };
  return {
    operands: { gram: { array: gram, rows: vertices, columns: vertices }, ends, kinds, values, diagonal },
    adjacency: {
      starts: list("starts", starts),
      neighbours: list("neighbours", neighbours),
      incident: list("incident", incident),
    },
    norms: vector("norms", vertices),
    own: vector("own", vertices),
    reset() {
      workspace.write(values.array, Array.from({ length: count }, (_, e) => e % 2 ? 0 : 0.05));
      workspace.write(diagonal.array, Array.from({ length: vertices }, (_, i) => 1 + i / vertices));
    },
  };
}

const graphSizes = [1, 2, 3, 5, 18];
const sweeping = { sweeps: 20, tolerance: -1 };

conformance("graphDescent", "follows the reference step by step", async ({ workspace, kernel, reference }) => {
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const { operands, norms, reset } = graphProblem(workspace, vertices);
      const products = workspace.allocate("f64", vertices * vertices, "products");
      const run = async (kernels: typeof kernel) => {
        reset();
        const product = { array: products, rows: vertices, columns: vertices };
        const sweeps = await kernels.graphDescent({ ...operands, products: product, norms, penalty, ...sweeping });
        const results = [operands.values.array, operands.diagonal.array, norms.array, products];
        return { sweeps, results: await Promise.all(results.map((array) => workspace.read(array))) };
      };
      const expected = await run(reference), actual = await run(kernel);
      assert.equal(actual.sweeps, expected.sweeps);
      actual.results.forEach((result, i) => {
        close(result, expected.results[i], ["value", "diagonal", "norm", "product"][i]);
      });
    }
  }
});

conformance("neighbourDescent", "takes the steps of graphDescent", async ({ workspace, kernel, reference }) => {
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const { operands, adjacency, norms, own, reset } = graphProblem(workspace, vertices);
      const products = {
        array: workspace.allocate("f64", vertices ** 2, "products"),
        rows: vertices,
        columns: vertices,
      };
      const results = () =>
        Promise.all(
          [operands.values.array, operands.diagonal.array, norms.array].map((array) => workspace.read(array)),
        );
      reset();
      await reference.graphDescent({ ...operands, products, norms, penalty, ...sweeping });
      const expected = [
        ...await results(),
        (await workspace.read(products.array)).filter((_, at) => at % (vertices + 1) === 0),
      ];
      for (const kernels of [reference, kernel]) {
        reset();
        await kernels.neighbourDescent({ ...operands, ...adjacency, norms, own, penalty, ...sweeping });
        [...await results(), await workspace.read(own.array)].forEach((result, i) => {
          close(result, expected[i], ["value", "diagonal", "norm", "own product"][i]);
        });
      }
    }
  }
});

conformance(
  "graphSlopes",
  "is twice the products over the diagonal, both ways",
  async ({ workspace, kernel, reference }) => {
    for (const vertices of graphSizes) {
      const { operands, adjacency, norms, reset } = graphProblem(workspace, vertices);
      const products = {
        array: workspace.allocate("f64", vertices ** 2, "products"),
        rows: vertices,
        columns: vertices,
      };
      reset();
      await reference.graphDescent({ ...operands, products, norms, penalty: penalties[0], sweeps: 0, tolerance: 0 });
      const product = await workspace.read(products.array), diagonal = await workspace.read(operands.diagonal.array);
      const first = vertices >> 1, rows = vertices - first;
      const slopes = { array: workspace.allocate("f64", rows * vertices, "slopes"), rows, columns: vertices };
      const expected = Float64Array.from({ length: rows * vertices }, (_, at) => {
        const i = first + Math.floor(at / vertices), j = at % vertices;
        return 2 * (product[i * vertices + j] / diagonal[i] + product[j * vertices + i] / diagonal[j]);
      });
      for (const kernels of [reference, kernel]) {
        await kernels.graphSlopes({ ...operands, ...adjacency, first, slopes });
        close(await workspace.read(slopes.array), expected, "slope");
      }
    }
  },
);
