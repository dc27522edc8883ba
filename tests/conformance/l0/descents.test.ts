import assert from "node:assert/strict";
import { penaltyKinds } from "../../../kernels/contract/l0/penalty.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { adjacencyOf } from "../../../solvers/graph/edge_arrays.ts";
import { createPacking } from "../../../solvers/graph/packing.ts";
import { conformance } from "../grid.ts";
import {
  close,
  descentWithProducts,
  gramOf,
  graphProblem,
  graphSizes,
  packingOf,
  penalties,
  sweeping,
} from "./problems.ts";

conformance("leastSquaresDescent", "follows the reference step by step", async ({ workspace, kernel, reference }) => {
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
        const sweeps = await kernels.leastSquaresDescent({
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

conformance("productDescent", "follows the reference step by step", async ({ workspace, kernel, reference }) => {
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const { operands, norms, diagonalProducts, reset } = graphProblem(workspace, vertices);
      const products = workspace.allocate("f64", vertices * vertices, "products");
      const run = async (kernels: typeof kernel) => {
        reset();
        const product = { array: products, rows: vertices, columns: vertices };
        const sweeps = await kernels.productDescent({
          ...operands,
          products: product,
          norms,
          diagonalProducts,
          penalty,
          ...sweeping,
        });
        const results = [operands.values.array, operands.diagonal.array, norms.array, products, diagonalProducts.array];
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

conformance("neighbourDescent", "takes the steps of productDescent", async ({ workspace, kernel, reference }) => {
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const problem = graphProblem(workspace, vertices);
      const { operands, adjacency, norms, diagonalProducts, changes, reset } = problem;
      const arrays = [operands.values.array, operands.diagonal.array, norms.array, diagonalProducts.array];
      const results = () => Promise.all(arrays.map((array) => workspace.read(array)));
      await descentWithProducts(workspace, reference, problem, { penalty, ...sweeping });
      const expected = await results();
      const packed = packingOf(workspace, problem), gathered = packed && { ...packed, gathered: true };
      for (const [kernels, packing] of [[reference], [kernel], [kernel, packed], [kernel, gathered]] as const) {
        reset();
        await kernels.neighbourDescent({
          ...operands,
          ...adjacency,
          norms,
          diagonalProducts,
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

conformance("residualDescent", "takes the steps of productDescent", async ({ workspace, kernel, reference }) => {
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const problem = graphProblem(workspace, vertices);
      const { operands, adjacency, norms, diagonalProducts, changes, reset } = problem;
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
      const arrays = [operands.values.array, operands.diagonal.array, norms.array, diagonalProducts.array];
      const results = () => Promise.all(arrays.map((array) => workspace.read(array)));
      await descentWithProducts(workspace, reference, problem, { penalty, ...sweeping });
      const expected = await results();
      for (const kernels of [reference, kernel]) {
        reset();
        await kernels.residualDescent({
          ...{
            ...edges,
            ...adjacency,
            samples,
            residuals,
            variances,
            norms,
            diagonalProducts,
            changes,
            penalty,
            ...sweeping,
          },
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
    ...{
      diagonal: vector("diagonal", vertices),
      norms: vector("norms", vertices),
      diagonalProducts: vector("own", vertices),
    },
    ...{ changes: vector("changes", count + vertices), penalty, sweeps: 5, tolerance: 1e-9 },
  };
  const packing = createPacking(workspace, vertices).load(ends, adjacencyOf(ends, vertices));
  const run = async (classes?: number[], packed = false) => {
    workspace.write(operands.values.array, new Float64Array(count));
    workspace.write(operands.diagonal.array, new Float64Array(vertices).fill(1));
    const sweeps = await kernel.neighbourDescent({ ...operands, classes, ...(packed && { packing }) });
    const arrays = [operands.values, operands.diagonal, operands.norms, operands.diagonalProducts].map(({ array }) =>
      array
    );
    return { sweeps, results: await Promise.all(arrays.map((array) => workspace.read(array))) };
  };
  const sequential = await run();
  assert.ok(sequential.results[0].some((value) => value !== 0));
  const classes = [vertices / 2, vertices];
  assert.deepEqual(await run(classes), sequential);
  assert.deepEqual(await run(classes, true), await run(undefined, true));
});
