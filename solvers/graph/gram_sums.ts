import { addRows } from "../core/plain_sums.ts";
import { createPace } from "../core/steps.ts";
import { adjacencyOf } from "./edge_arrays.ts";
import type { GraphPoint, PlainGraph } from "./pseudolikelihood.ts";

/** Multiply-adds between two checkpoints. */
const workTogether = 5e6;

/**
 * The sums of {@linkcode PlainGraph} from a Gram matrix that has been checked against the samples, in plain f64:
 * O(sum of squared degrees) for the terms, O(vertices x degree + edges) for a row of the gradient.
 *
 * @param gram `S` [vertices, vertices].
 * @param pause A checkpoint: the sums go on whatever the time.
 */
export function createGramSums(gram: Float64Array, vertices: number, pause: () => Promise<unknown>): PlainGraph {
  /** The rows of `T` without their zeros: columns and entries of row `i` from `starts[i]` to `starts[i + 1]`, the diagonal first. */
  function rowsOf({ ends, values, diagonal }: GraphPoint) {
    const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
    const columns = new Uint32Array(ends.length + vertices), entries = new Float64Array(columns.length);
    let to = 0;
    for (let i = 0, at = 0; i < vertices; i++) {
      starts[i] = to;
      columns[to] = i;
      entries[to++] = diagonal[i];
      for (const end = starts[i + 1]; at < end; at++) {
        const entry = values[incident[at]];
        if (entry === 0) continue;
        columns[to] = neighbours[at];
        entries[to++] = entry;
      }
    }
    starts[vertices] = to;
    return { starts, columns, entries };
  }

  return {
    async terms(point) {
      const norms = new Float64Array(vertices), diagonalProducts = new Float64Array(vertices);
      const { starts, columns, entries } = rowsOf(point), isDue = createPace(workTogether);
      for (let i = 0; i < vertices; i++) {
        const begin = starts[i], end = starts[i + 1];
        diagonalProducts[i] = rowProduct(gram, i * vertices, columns, entries, begin, end);
        norms[i] = quadraticForm(gram, vertices, columns, entries, begin, end);
        if (isDue((end - begin) ** 2 / 2)) await pause();
      }
      return { norms, diagonalProducts };
    },
    async gradientRows(point, rows) {
      const { starts, columns, entries } = rowsOf(point), { diagonal } = point, gradients: Float64Array[] = [];
      for (const i of rows) {
        const gradient = new Float64Array(vertices);
        const begin = starts[i], end = starts[i + 1];
        addRows(
          gradient,
          gram,
          Array.from(columns.subarray(begin, end), (k) => k * vertices),
          Array.from(entries.subarray(begin, end)),
        );
        for (let j = 0; j < vertices; j++) {
          const mirrored = rowProduct(gram, i * vertices, columns, entries, starts[j], starts[j + 1]);
          gradient[j] = 2 * gradient[j] / diagonal[i] + 2 * mirrored / diagonal[j];
        }
        gradients.push(gradient);
        await pause();
      }
      return gradients;
    },
  };
}

/** A row of `T`, `columns` and `entries` in `[begin, end)`, times the row of `gram` from `at` on. */
function rowProduct(
  gram: Float64Array,
  at: number,
  columns: Uint32Array,
  entries: Float64Array,
  begin: number,
  end: number,
): number {
  let product = 0;
  for (let k = begin; k < end; k++) product += entries[k] * gram[at + columns[k]];
  return product;
}

/** `t^T S t` over a row of `T`, `columns` and `entries` in `[begin, end)`: the triangle below the diagonal twice. */
function quadraticForm(
  gram: Float64Array,
  vertices: number,
  columns: Uint32Array,
  entries: Float64Array,
  begin: number,
  end: number,
): number {
  let sum = 0;
  for (let a = begin; a < end; a++) {
    const row = columns[a] * vertices, own = entries[a] * gram[row + columns[a]];
    sum += entries[a] * (own + 2 * rowProduct(gram, row, columns, entries, begin, a));
  }
  return sum;
}
