import assert from "node:assert/strict";
import { nodeStatus } from "../../../kernels/contract/l0/nodes.ts";
import { relaxedConjugate } from "../../../kernels/contract/l0/penalty.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { edgeNumber } from "../../../solvers/graph/pseudolikelihood.ts";
import { agreement } from "../agreement.ts";
import { conformance } from "../grid.ts";
import { matrixOf, vectorOf } from "../operands.ts";
import { close, gradientOf, graphSizes, penalties } from "./problems.ts";

conformance("graphGradient", "is twice the products over the diagonal, both ways", async (bench) => {
  const { workspace, kernel, reference } = bench;
  for (const vertices of graphSizes) {
    const { operands, adjacency, first, gradient, expected } = await gradientOf(workspace, reference, vertices);
    for (const kernels of [reference, kernel]) {
      for (const from of [0, first]) {
        workspace.write(gradient.array, expected.map((value, at) => at % vertices < from ? value : NaN));
        await kernels.graphGradient({ ...operands, ...adjacency, first, from, gradient });
        const found = await workspace.read(gradient.array);
        close(found.map((value, at) => at % vertices < from ? expected[at] : value), expected, "derivative");
      }
    }
  }
});

conformance(
  "pairedGradient",
  "is the same from products, either way round",
  async ({ workspace, kernel, reference }) => {
    for (const vertices of [...graphSizes, 150]) {
      const { operands, product, first, gradient, expected } = await gradientOf(workspace, reference, vertices);
      const all = { array: workspace.allocate("f64", vertices ** 2, "products"), rows: vertices, columns: vertices };
      const turned = { ...all, array: workspace.allocate("f64", vertices ** 2, "transposed products") };
      workspace.write(all.array, product);
      workspace.write(
        turned.array,
        product.map((_, at) => product[at % vertices * vertices + Math.floor(at / vertices)]),
      );
      const { rows } = gradient, { diagonal } = operands;
      const products = { ...all, rows, offset: first * vertices };
      for (const kernels of [reference, kernel]) {
        for (const transposed of [true, false]) {
          const mirrored = transposed
            ? { ...all, offset: first, columns: rows, stride: vertices }
            : { ...turned, rows, offset: first * vertices };
          workspace.write(gradient.array, new Float64Array(rows * vertices));
          await kernels.pairedGradient({ first, products, mirrored, transposed, diagonal, gradient });
          close(await workspace.read(gradient.array), expected, "derivative");
        }
      }
    }
  },
);

agreement("graphGradient", "is within the error of a sum", async function* ({ workspace, reference }) {
  for (const vertices of graphSizes) {
    const { operands, adjacency, first, gradient } = await gradientOf(workspace, reference, vertices);
    const { gram, values, diagonal } = operands;
    yield {
      what: `${vertices} vertices`,
      operands: { gram, values, diagonal, ...adjacency, first, gradient },
      outputs: ({ gradient }) => [gradient],
      terms: 2 * vertices,
    };
  }
});

agreement("pairedGradient", "is within a few roundings of each element", function* ({ workspace }) {
  const first = 2;
  for (const [rows, columns] of [[0, 3], [3, 0], [1, 1], [2, 9], [8, 8], [13, 31], [70, 65]]) {
    const random = createRandom(rows + columns);
    for (const transposed of [false, true]) {
      yield {
        what: `${rows} x ${columns}, transposed ${transposed}`,
        operands: {
          first,
          products: matrixOf(workspace, "f64", rows, columns, random.normal, 2),
          mirrored: transposed
            ? matrixOf(workspace, "f64", columns, rows, random.normal, 3)
            : matrixOf(workspace, "f64", rows, columns, random.normal, 3),
          transposed,
          diagonal: vectorOf(workspace, "f64", Math.max(first + rows, columns), () => 0.5 + random.uniform()),
          gradient: matrixOf(workspace, "f64", rows, columns, () => NaN, 1),
        },
        outputs: ({ gradient }) => [gradient],
      };
    }
  }
});

conformance("entriesAbove", "finds what exceeds the limits, in order", async ({ workspace, kernel, reference }) => {
  for (const [first, rows, size] of [[0, 1, 1], [0, 3, 3], [2, 3, 9], [5, 2, 7], [0, 40, 131]]) {
    const random = createRandom(size);
    const data = Float64Array.from({ length: rows * size }, () => random.normal());
    const limit = Float64Array.from({ length: rows }, (_, row) => row % 3 === 2 ? -1 : 0.9);
    const gradient = { array: workspace.allocate("f64", rows * size, "gradient"), rows, columns: size };
    const limits = { array: workspace.allocate("f64", rows, "limits"), length: rows };
    const columns = workspace.allocate("u32", rows * size, "columns"),
      counts = workspace.allocate("u32", rows, "counts");
    workspace.write(limits.array, limit);
    for (const kernels of [reference, kernel]) {
      workspace.write(gradient.array, data);
      await kernels.entriesAbove({ first, gradient, limits, columns, counts });
      for (let row = 0; row < rows; row++) {
        const above = Array.from({ length: size }, (_, j) => j)
          .filter((j) => j > first + row && Math.abs(data[row * size + j]) > limit[row]);
        const [count] = await workspace.read(counts, row, 1);
        assert.deepEqual([...await workspace.read(columns, row * size, count)], above);
        const values = above.map((j) => data[row * size + j]);
        assert.deepEqual([...await workspace.read(gradient.array, row * size, count)], values);
      }
    }
  }
});

conformance("scaledConjugates", "sums the conjugates of free edges alone, at every scale", async (bench) => {
  const { workspace, kernel, reference } = bench;
  for (const [first, rows, size] of [[0, 1, 1], [0, 3, 3], [2, 3, 9], [5, 2, 7], [0, 40, 131], [100, 31, 131]]) {
    for (const penalty of penalties) {
      const random = createRandom(size);
      const data = Float64Array.from({ length: rows * size }, () => random.normal());
      const status = Uint8Array.from({ length: size * (size - 1) / 2 }, () => random.integer(4) % 3);
      const array = (label: string, length: number) => workspace.allocate("f64", length, label);
      const gradient = { array: array("gradient", rows * size), rows, columns: size };
      const statuses = workspace.allocate("u8", status.length, "statuses");
      workspace.write(gradient.array, data);
      workspace.write(statuses, status);
      const shares = [0.2, 0.75, 1], scales = { array: array("scales", shares.length), length: shares.length };
      workspace.write(scales.array, shares);
      const sums = { array: array("sums", rows * 5), rows, columns: shares.length, stride: 5 };
      const largest = { array: array("largest", rows), length: rows };
      const expected = new Float64Array(rows * 5).fill(7), most = new Float64Array(rows);
      for (let row = 0; row < rows; row++) {
        const free: number[] = [];
        for (let j = first + row + 1; j < size; j++) {
          if (status[edgeNumber(first + row, j, size)] === nodeStatus.free) free.push(data[row * size + j]);
        }
        shares.forEach((scale, k) => {
          expected[row * 5 + k] = free.reduce(
            (sum, derivative) => sum + relaxedConjugate(scale * derivative, penalty),
            0,
          );
        });
        most[row] = Math.max(0, ...free.map(Math.abs).filter((derivative) => derivative > penalty.threshold));
      }
      for (const kernels of [reference, kernel]) {
        workspace.write(sums.array, new Float64Array(rows * 5).fill(7));
        await kernels.scaledConjugates({ first, gradient, statuses, scales, penalty, sums, largest });
        close(await workspace.read(sums.array), expected, "sum of conjugates");
        assert.deepEqual(await workspace.read(largest.array), most);
      }
    }
  }
});

agreement("graphSwaps", "finds the swaps of the reference, with its gains", async function* (bench) {
  const { workspace, reference } = bench;
  for (const vertices of graphSizes) {
    for (const penalty of penalties) {
      const { operands, adjacency, first, gradient, expected } = await gradientOf(workspace, reference, vertices);
      const { gram, values, diagonal } = operands;
      const entries = adjacency.neighbours.length;
      const vector = (label: string, length: number) => ({ array: workspace.allocate("f64", length, label), length });
      const variances = vector("variances", vertices), leastCurvatures = vector("least curvatures", vertices);
      const source = await workspace.read(gram.array);
      workspace.write(variances.array, source.filter((_, at) => at % (vertices + 1) === 0));
      workspace.write(gradient.array, expected);
      const results = { gains: vector("gains", entries), along: vector("along", entries) };
      const targets = workspace.allocate("u32", entries, "targets");
      const problem = {
        ...adjacency,
        values,
        diagonal,
        first,
        gradient,
        gram,
        rows: adjacency.neighbours,
        rowsFrom: 0,
      };
      const magnitude = Math.max(1, ...expected.map(Math.abs)) ** 2;
      yield {
        what: `${vertices} vertices`,
        operands: { ...problem, variances, leastCurvatures, penalty, targets, ...results },
        outputs: ({ gains, along, targets }) => [gains, along, targets],
        // A gain is some tens of products of derivatives.
        terms: 40,
        magnitude,
      };
    }
  }
});
