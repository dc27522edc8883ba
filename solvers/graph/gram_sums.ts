import { addRows } from "../core/plain_sums.ts";
import { adjacencyOf } from "./edge_arrays.ts";
import type { GraphPoint, PlainGraph } from "./pseudolikelihood.ts";

/**
 * The sums of {@linkcode PlainGraph} from a Gram matrix that has been checked against the samples, in plain f64:
 * O(sum of squared degrees) for the terms, O(vertices x degree + edges) for a row of the gradient.
 *
 * @param gram `S` [vertices, vertices].
 */
export function createGramSums(gram: Float64Array, vertices: number): PlainGraph {
  /** Neighbours of every vertex, itself among them, and its row of `T`. */
  function rowsOf({ ends, values, diagonal }: GraphPoint) {
    const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
    return Array.from({ length: vertices }, (_, i) => ({
      columns: [i, ...neighbours.subarray(starts[i], starts[i + 1])],
      entries: [diagonal[i], ...Array.from(incident.subarray(starts[i], starts[i + 1]), (edge) => values[edge])],
    }));
  }

  return {
    terms(point) {
      const norms = new Float64Array(vertices), diagonalProducts = new Float64Array(vertices);
      rowsOf(point).forEach(({ columns, entries }, i) => {
        for (let a = 0; a < columns.length; a++) {
          const at = columns[a] * vertices;
          let product = 0;
          for (let b = 0; b < columns.length; b++) product += entries[b] * gram[at + columns[b]];
          norms[i] += entries[a] * product;
          if (a === 0) diagonalProducts[i] = product;
        }
      });
      return Promise.resolve({ norms, diagonalProducts });
    },
    gradientRows(point, rows) {
      const matrix = rowsOf(point), { diagonal } = point;
      return Promise.resolve(rows.map((i) => {
        const gradient = new Float64Array(vertices);
        addRows(gradient, gram, matrix[i].columns.map((k) => k * vertices), matrix[i].entries);
        for (let j = 0; j < vertices; j++) {
          const { columns, entries } = matrix[j];
          let mirrored = 0;
          for (let k = 0; k < columns.length; k++) mirrored += entries[k] * gram[i * vertices + columns[k]];
          gradient[j] = 2 * gradient[j] / diagonal[i] + 2 * mirrored / diagonal[j];
        }
        return gradient;
      }));
    },
  };
}
