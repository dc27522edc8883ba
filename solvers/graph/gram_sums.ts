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
  /** The rows of `T`: columns and entries of row `i` from `starts[i]` to `starts[i + 1]`, the diagonal first. */
  function rowsOf({ ends, values, diagonal }: GraphPoint) {
    const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
    const columns = new Uint32Array(ends.length + vertices), entries = new Float64Array(columns.length);
    for (let i = 0, to = 0; i < vertices; i++) {
      columns[to] = i;
      entries[to++] = diagonal[i];
      for (let at = starts[i]; at < starts[i + 1]; at++) {
        columns[to] = neighbours[at];
        entries[to++] = values[incident[at]];
      }
      starts[i] += i;
    }
    starts[vertices] += vertices;
    return { starts, columns, entries };
  }

  return {
    async terms(point) {
      const norms = new Float64Array(vertices), diagonalProducts = new Float64Array(vertices);
      const { starts, columns, entries } = rowsOf(point), isDue = createPace(workTogether);
      for (let i = 0; i < vertices; i++) {
        const begin = starts[i], end = starts[i + 1];
        for (let a = begin; a < end; a++) {
          const product = rowProduct(gram, columns[a] * vertices, columns, entries, begin, end);
          norms[i] += entries[a] * product;
          if (a === begin) diagonalProducts[i] = product;
        }
        if (isDue((end - begin) ** 2)) await pause();
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
