import assert from "node:assert/strict";
import { type L0Penalty, penaltyKinds } from "../../kernels/spec/l0.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Kernels } from "../../kernels/spec.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { adjacencyOf } from "../../solvers/graph/edge_arrays.ts";
import { createPacking } from "../../solvers/graph/packing.ts";
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
  for (const [features, count] of [[1, 1], [3, 0], [5, 5], [9, 5], [67, 33]]) {
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
    pairs,
    norms: vector("norms", vertices),
    own: vector("own", vertices),
    changes: vector("changes", count + vertices),
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
      const { operands, norms, own, reset } = graphProblem(workspace, vertices);
      const products = workspace.allocate("f64", vertices * vertices, "products");
      const run = async (kernels: typeof kernel) => {
        reset();
        const product = { array: products, rows: vertices, columns: vertices };
        const sweeps = await kernels.graphDescent({ ...operands, products: product, norms, own, penalty, ...sweeping });
        const results = [operands.values.array, operands.diagonal.array, norms.array, products, own.array];
        return { sweeps, results: await Promise.all(results.map((array) => workspace.read(array))) };
      };
      const expected = await run(reference), actual = await run(kernel);
      assert.equal(actual.sweeps, expected.sweeps);
      actual.results.forEach((result, i) => {
        close(result, expected.results[i], ["value", "diagonal", "norm", "product", "own product"][i]);
      });
    }
  }
});

/** The reference of a whole descent, with `T S` as it stands at the end. */
async function descentWithProducts(
  workspace: Workspace,
  reference: Kernels,
  { operands, norms, own, reset }: ReturnType<typeof graphProblem>,
  limits: { penalty: L0Penalty; sweeps: number; tolerance: number },
) {
  const vertices = norms.length;
  const products = { array: workspace.allocate("f64", vertices ** 2, "products"), rows: vertices, columns: vertices };
  reset();
  await reference.graphDescent({ ...operands, products, norms, own, ...limits });
  return workspace.read(products.array);
}

/** Working memory of a problem's blocks. */
function packingOf(workspace: Workspace, { pairs, norms: { length: vertices } }: ReturnType<typeof graphProblem>) {
  return createPacking(workspace, vertices).load(pairs, adjacencyOf(pairs, vertices));
}

conformance("neighbourDescent", "takes the steps of graphDescent", async ({ workspace, kernel, reference }) => {
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const problem = graphProblem(workspace, vertices);
      const { operands, adjacency, norms, own, changes, reset } = problem;
      const arrays = [operands.values.array, operands.diagonal.array, norms.array, own.array];
      const results = () => Promise.all(arrays.map((array) => workspace.read(array)));
      await descentWithProducts(workspace, reference, problem, { penalty, ...sweeping });
      const expected = await results();
      for (const [kernels, packing] of [[reference], [kernel], [kernel, packingOf(workspace, problem)]] as const) {
        reset();
        await kernels.neighbourDescent({
          ...operands,
          ...adjacency,
          norms,
          own,
          changes,
          packing,
          penalty,
          ...sweeping,
        });
        (await results()).forEach((result, i) => {
          close(result, expected[i], ["value", "diagonal", "norm", "own product"][i]);
        });
      }
    }
  }
});

conformance("residualDescent", "takes the steps of graphDescent", async ({ workspace, kernel, reference }) => {
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const problem = graphProblem(workspace, vertices);
      const { operands, adjacency, norms, own, changes, reset } = problem;
      const { gram: _, ...edges } = operands;
      // Rows of any Y^T with Y^T Y = S: the factor of S serves, in a longer row.
      const factor = Array.from(await workspace.read(operands.gram.array));
      const square = { array: workspace.allocate("f64", vertices ** 2, "factor"), rows: vertices, columns: vertices };
      workspace.write(square.array, factor);
      assert.equal(await reference.cholesky({ a: square }), -1);
      const samples = {
        ...square,
        stride: vertices + 3,
        array: workspace.allocate("f64", vertices * (vertices + 3), "Y"),
      };
      const rows = await workspace.read(square.array);
      for (let i = 0; i < vertices; i++) {
        workspace.write(samples.array, rows.subarray(i * vertices, (i + 1) * vertices), i * samples.stride);
      }
      const residuals = { ...square, array: workspace.allocate("f64", vertices ** 2, "residuals") };
      const variances = { array: workspace.allocate("f64", vertices, "variances"), length: vertices };
      workspace.write(variances.array, Array.from({ length: vertices }, (_, i) => factor[i * (vertices + 1)]));
      const arrays = [operands.values.array, operands.diagonal.array, norms.array, own.array];
      const results = () => Promise.all(arrays.map((array) => workspace.read(array)));
      await descentWithProducts(workspace, reference, problem, { penalty, ...sweeping });
      const expected = await results();
      for (const kernels of [reference, kernel]) {
        reset();
        await kernels.residualDescent({
          ...{ ...edges, ...adjacency, samples, residuals, variances, norms, own, changes, penalty, ...sweeping },
        });
        (await results()).forEach((result, i) => {
          close(result, expected[i], ["value", "diagonal", "norm", "own product"][i]);
        });
      }
    }
  }
});

conformance("neighbourDescent", "has the same bits by classes as in their order", async ({ workspace, kernel }) => {
  // Two classes over a ring of so many vertices that classes are cut into pieces.
  const vertices = 2000, penalty = penalties[0];
  const { array: gram } = { array: workspace.allocate("f64", vertices ** 2, "gram") };
  const dense = new Float64Array(vertices ** 2);
  for (let i = 0; i < vertices; i++) {
    dense[i * (vertices + 1)] = 1 + i / vertices;
    const j = (i + 1) % vertices;
    dense[i * vertices + j] = dense[j * vertices + i] = 0.4;
  }
  workspace.write(gram, dense);
  const pairs = [0, 1].flatMap((side) =>
    Array.from({ length: vertices / 2 }, (_, k) => {
      const i = 2 * k + side, j = (i + 1) % vertices;
      return [Math.min(i, j), Math.max(i, j)];
    })
  );
  const ends = pairs.flat(), count = pairs.length;
  const list = (label: string, entries: ArrayLike<number>) => {
    const array = workspace.allocate("u32", entries.length, label);
    workspace.write(array, entries);
    return array;
  };
  const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
  const vector = (label: string, length: number) => ({ array: workspace.allocate("f64", length, label), length });
  const operands = {
    gram: { array: gram, rows: vertices, columns: vertices },
    ...{ ends: list("ends", ends), starts: list("starts", starts) },
    ...{ neighbours: list("neighbours", neighbours), incident: list("incident", incident) },
    ...{ kinds: workspace.allocate("u8", count, "kinds"), values: vector("values", count) },
    ...{ diagonal: vector("diagonal", vertices), norms: vector("norms", vertices), own: vector("own", vertices) },
    ...{ changes: vector("changes", count + vertices), penalty, sweeps: 5, tolerance: 1e-9 },
  };
  const packing = createPacking(workspace, vertices).load(ends, adjacencyOf(ends, vertices));
  const run = async (classes?: number[], packed = false) => {
    workspace.write(operands.values.array, new Float64Array(count));
    workspace.write(operands.diagonal.array, new Float64Array(vertices).fill(1));
    const sweeps = await kernel.neighbourDescent({ ...operands, classes, ...(packed && { packing }) });
    const arrays = [operands.values, operands.diagonal, operands.norms, operands.own].map(({ array }) => array);
    return { sweeps, results: await Promise.all(arrays.map((array) => workspace.read(array))) };
  };
  const sequential = await run();
  assert.ok(sequential.results[0].some((value) => value !== 0));
  const classes = [vertices / 2, vertices];
  assert.deepEqual(await run(classes), sequential);
  assert.deepEqual(await run(classes, true), await run(undefined, true));
});

/** Slopes at the start of a problem from `T S`, and the kernels' own. */
async function slopesOf(workspace: Workspace, reference: Kernels, vertices: number) {
  const problem = graphProblem(workspace, vertices);
  const limits = { penalty: penalties[0], sweeps: 0, tolerance: 0 };
  const product = await descentWithProducts(workspace, reference, problem, limits);
  const diagonal = await workspace.read(problem.operands.diagonal.array);
  const first = vertices >> 1, rows = vertices - first;
  const slopes = { array: workspace.allocate("f64", rows * vertices, "slopes"), rows, columns: vertices };
  const expected = Float64Array.from({ length: rows * vertices }, (_, at) => {
    const i = first + Math.floor(at / vertices), j = at % vertices;
    return 2 * (product[i * vertices + j] / diagonal[i] + product[j * vertices + i] / diagonal[j]);
  });
  return { ...problem, product, first, slopes, expected };
}

conformance("graphSlopes", "is twice the products over the diagonal, both ways", async (bench) => {
  const { workspace, kernel, reference } = bench;
  for (const vertices of graphSizes) {
    const { operands, adjacency, first, slopes, expected } = await slopesOf(workspace, reference, vertices);
    for (const kernels of [reference, kernel]) {
      for (const from of [0, first]) {
        workspace.write(slopes.array, expected.map((value, at) => at % vertices < from ? value : NaN));
        await kernels.graphSlopes({ ...operands, ...adjacency, first, from, slopes });
        const found = await workspace.read(slopes.array);
        close(found.map((value, at) => at % vertices < from ? expected[at] : value), expected, "slope");
      }
    }
  }
});

conformance("pairedSlopes", "is the same from products, either way round", async ({ workspace, kernel, reference }) => {
  for (const vertices of [...graphSizes, 150]) {
    const { operands, product, first, slopes, expected } = await slopesOf(workspace, reference, vertices);
    const all = { array: workspace.allocate("f64", vertices ** 2, "products"), rows: vertices, columns: vertices };
    const turned = { ...all, array: workspace.allocate("f64", vertices ** 2, "transposed products") };
    workspace.write(all.array, product);
    workspace.write(
      turned.array,
      product.map((_, at) => product[at % vertices * vertices + Math.floor(at / vertices)]),
    );
    const { rows } = slopes, { diagonal } = operands;
    const products = { ...all, rows, offset: first * vertices };
    for (const kernels of [reference, kernel]) {
      for (const transposed of [true, false]) {
        const mirrored = transposed
          ? { ...all, offset: first, columns: rows, stride: vertices }
          : { ...turned, rows, offset: first * vertices };
        workspace.write(slopes.array, new Float64Array(rows * vertices));
        await kernels.pairedSlopes({ first, products, mirrored, transposed, diagonal, slopes });
        close(await workspace.read(slopes.array), expected, "slope");
      }
    }
  }
});

conformance("steepEntries", "finds what exceeds the limits, in order", async ({ workspace, kernel, reference }) => {
  for (const [first, rows, size] of [[0, 1, 1], [0, 3, 3], [2, 3, 9], [5, 2, 7], [0, 40, 131]]) {
    const random = createRandom(size);
    const data = Float64Array.from({ length: rows * size }, () => random.normal());
    const limit = Float64Array.from({ length: rows }, (_, row) => row % 3 === 2 ? -1 : 0.9);
    const slopes = { array: workspace.allocate("f64", rows * size, "slopes"), rows, columns: size };
    const limits = { array: workspace.allocate("f64", rows, "limits"), length: rows };
    const columns = workspace.allocate("u32", rows * size, "columns"),
      counts = workspace.allocate("u32", rows, "counts");
    workspace.write(limits.array, limit);
    for (const kernels of [reference, kernel]) {
      workspace.write(slopes.array, data);
      await kernels.steepEntries({ first, slopes, limits, columns, counts });
      for (let row = 0; row < rows; row++) {
        const steep = Array.from({ length: size }, (_, j) => j)
          .filter((j) => j > first + row && Math.abs(data[row * size + j]) > limit[row]);
        const [count] = await workspace.read(counts, row, 1);
        assert.deepEqual([...await workspace.read(columns, row * size, count)], steep);
        const values = steep.map((j) => data[row * size + j]);
        assert.deepEqual([...await workspace.read(slopes.array, row * size, count)], values);
      }
    }
  }
});

conformance("graphSwaps", "finds the swaps of the reference, with its gains", async (bench) => {
  const { workspace, kernel, reference } = bench;
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const { operands, adjacency, first, slopes, expected } = await slopesOf(workspace, reference, vertices);
      const { gram, values, diagonal } = operands;
      const entries = adjacency.neighbours.length;
      const vector = (label: string, length: number) => ({ array: workspace.allocate("f64", length, label), length });
      const variances = vector("variances", vertices), leastCurvatures = vector("least curvatures", vertices);
      const source = await workspace.read(gram.array);
      workspace.write(variances.array, source.filter((_, at) => at % (vertices + 1) === 0));
      workspace.write(slopes.array, expected);
      const results = { gains: vector("gains", entries), along: vector("along", entries) };
      const targets = workspace.allocate("u32", entries, "targets");
      const run = async (kernels: Kernels) => {
        await kernels.graphSwaps({
          ...{ ...adjacency, values, diagonal, first, slopes, gram, rows: adjacency.neighbours, rowsFrom: 0 },
          ...{ variances, leastCurvatures, penalty, targets, ...results },
        });
        const floats = await Promise.all(
          [results.gains.array, results.along.array].map((array) => workspace.read(array)),
        );
        return { targets: await workspace.read(targets), floats };
      };
      const wanted = await run(reference), found = await run(kernel);
      assert.deepEqual(found.targets, wanted.targets);
      found.floats.forEach((values, i) => close(values, wanted.floats[i], ["gain", "slope"][i]));
    }
  }
});
