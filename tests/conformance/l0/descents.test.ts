import assert from "node:assert/strict";
import type {
  Breaks,
  FloatDtype,
  HostArray,
  LeastSquaresDescentArguments,
  MatrixOperand,
  ProductDescentArguments,
  VectorOperand,
} from "../../../kernels/contract.ts";
import { penaltyKinds } from "../../../kernels/contract/l0/penalty.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { adjacencyOf } from "../../../solvers/graph/edge_arrays.ts";
import { createPacking } from "../../../solvers/graph/packing.ts";
import { agreement, type Residual } from "../agreement.ts";
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

agreement("leastSquaresDescent", "follows the reference step by step", function* ({ workspace }) {
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
      const coefficients = { array: workspace.allocate("f64", count, "coefficients"), length: count };
      workspace.write(coefficients.array, chosen.map((_, i) => i % 2 ? 0 : 0.1));
      const square = { array: gram, rows: features, columns: features };
      const operands = { features: active, rows, kinds, coefficients, linear, correlations, penalty };
      yield {
        what: `${count} of ${features} features`,
        operands: { ...operands, gram: square, sweeps: 7, tolerance: -1 },
        outputs: ({ coefficients, correlations }) => [coefficients, correlations],
        identity: correlationResiduals,
      };
    }
  }
});

/** `c - G b` less what was kept of it step by step. */
function* correlationResiduals(after: LeastSquaresDescentArguments): Iterable<Residual> {
  const gram = numbersOf(after.gram), linear = numbersOf(after.linear), size = linear.length;
  const coefficients = numbersOf(after.coefficients), features = (after.features as HostArray<"u32">).view;
  for (const [i, correlation] of numbersOf(after.correlations).entries()) {
    let value = linear[i] - correlation, magnitude = Math.abs(linear[i]);
    coefficients.forEach((b, k) => {
      value -= gram[i * size + features[k]] * b;
      magnitude += Math.abs(gram[i * size + features[k]] * b);
    });
    const terms = coefficients.length * (after.sweeps + 1);
    yield { what: `correlation ${i}`, value, terms, magnitude: magnitude + coefficients.length };
  }
}

agreement("productDescent", "follows the reference step by step", function* ({ workspace }) {
  // In long rows steps along edges of one vertex move together, four at a time.
  for (const vertices of [...graphSizes, 65, 67]) {
    for (const penalty of penalties) {
      const { operands, adjacency, changes, norms, diagonalProducts, reset } = graphProblem(workspace, vertices);
      for (const array of [...Object.values(adjacency), changes.array]) workspace.free(array);
      reset();
      const product = workspace.allocate("f64", vertices * vertices, "products");
      const products = { array: product, rows: vertices, columns: vertices };
      yield {
        what: `${vertices} vertices`,
        operands: { ...operands, products, norms, diagonalProducts, penalty, ...sweeping },
        outputs: ({ values, diagonal, norms, products, diagonalProducts }) => [
          values,
          diagonal,
          norms,
          products,
          diagonalProducts,
        ],
        identity: productResiduals,
      };
    }
  }
});

/** `T S`, its diagonal and `diag(T S T)`, less what was kept of them step by step. */
function* productResiduals(after: ProductDescentArguments): Iterable<Residual> {
  const { ends, sweeps } = after, size = after.diagonal.length, gram = numbersOf(after.gram);
  const pairs = (ends as HostArray<"u32">).view, entries = new Float64Array(size * size);
  numbersOf(after.diagonal).forEach((t, i) => entries[i * (size + 1)] = t);
  numbersOf(after.values).forEach((t, e) => {
    const [i, j] = pairs.subarray(2 * e, 2 * e + 2);
    entries[i * size + j] = entries[j * size + i] = t;
  });
  const products = numbersOf(after.products), norms = numbersOf(after.norms);
  const diagonalProducts = numbersOf(after.diagonalProducts), terms = size * (sweeps + 1);
  for (let i = 0; i < size; i++) {
    let norm = 0, normMagnitude = 1;
    for (let j = 0; j < size; j++) {
      let product = 0, magnitude = 1;
      for (let k = 0; k < size; k++) {
        product += entries[i * size + k] * gram[k * size + j];
        magnitude += Math.abs(entries[i * size + k] * gram[k * size + j]);
      }
      norm += product * entries[i * size + j];
      normMagnitude += magnitude * Math.abs(entries[i * size + j]);
      yield { what: `product (${i}, ${j})`, value: products[i * size + j] - product, terms, magnitude };
      if (j !== i) continue;
      yield { what: `diagonal product ${i}`, value: diagonalProducts[i] - product, terms, magnitude };
    }
    yield { what: `norm ${i}`, value: norms[i] - norm, terms, magnitude: normMagnitude };
  }
}

/** The elements of an operand whose rows follow one another from the beginning of its array. */
const numbersOf = ({ array }: VectorOperand | MatrixOperand) => (array as HostArray<FloatDtype>).view;

conformance(
  "productDescent",
  "goes on from the products it has left as if it had not stopped",
  async ({ workspace, kernel }) => {
    const vertices = 9, problem = graphProblem(workspace, vertices), { operands, norms, diagonalProducts } = problem;
    const products = {
      array: workspace.allocate("f64", vertices ** 2, "products"),
      rows: vertices,
      columns: vertices,
    };
    const descend = async (sweeps: number, resumes: boolean) => {
      const limits = { penalty: penalties[0], sweeps, tolerance: 0, resumes };
      await kernel.productDescent({ ...operands, products, norms, diagonalProducts, ...limits });
      return [await workspace.read(operands.values.array), await workspace.read(products.array)];
    };
    problem.reset();
    const whole = await descend(7, false);
    problem.reset();
    await descend(3, false);
    assert.deepEqual(await descend(4, true), whole);
  },
);

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
          close(result, expected[i], ["value", "diagonal", "norm", "diagonal product"][i]);
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
        });
        (await results()).forEach((result, i) => {
          close(result, expected[i], ["value", "diagonal", "norm", "diagonal product"][i]);
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
    ends: list("ends", ends),
    starts: list("starts", starts),
    neighbours: list("neighbours", neighbours),
    incident: list("incident", incident),
    kinds: workspace.allocate("u8", count, "kinds"),
    values: vector("values", count),
    diagonal: vector("diagonal", vertices),
    norms: vector("norms", vertices),
    diagonalProducts: vector("diagonal products", vertices),
    changes: vector("changes", count + vertices),
    penalty,
    sweeps: 5,
    tolerance: 1e-9,
  };
  const packing = createPacking(workspace, vertices).load(ends, adjacencyOf(ends, vertices));
  const run = async (classes?: number[], packed = false, more: { breaks?: Breaks; sweeps?: number } = {}) => {
    workspace.write(operands.values.array, new Float64Array(count));
    workspace.write(operands.diagonal.array, new Float64Array(vertices).fill(1));
    const sweeps = await kernel.neighbourDescent({ ...operands, classes, ...(packed && { packing }), ...more });
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

  // Breaks within sweeps change nothing, and end the descent with a sweep, once they say so.
  let waits = 0, most = Infinity;
  const breaks = {
    wait: async () => {
      await new Promise((resolve) => setTimeout(resolve));
      waits++;
    },
    isOver: () => waits >= most,
  };
  assert.deepEqual(await run(classes, false, { breaks }), sequential);
  assert.ok(waits >= 4 * sequential.sweeps, `${waits} breaks in ${sequential.sweeps} sweeps`);
  const [all] = [waits, waits = 0];
  most = Math.floor(all / sequential.sweeps) + 2;
  const ended = await run(classes, false, { breaks });
  assert.ok(ended.sweeps < sequential.sweeps && ended.sweeps >= 1, `${ended.sweeps} of ${sequential.sweeps} sweeps`);
  assert.deepEqual(ended, await run(classes, false, { sweeps: ended.sweeps }));
  await assert.rejects(
    async () => {
      await kernel.neighbourDescent({
        ...operands,
        classes,
        breaks: { ...breaks, wait: () => Promise.reject(new Error("aborted")) },
      });
    },
    /aborted/,
  );
});
