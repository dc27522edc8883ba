import { addRows } from "../core/plain_sums.ts";
import type { DualPoint } from "../l0/node_certificate.ts";
import { edgeNumber, endsOfEdge } from "./pseudolikelihood.ts";

/**
 * The dual points `nu_i = 2 r_i / t_ii` of nodes of small graphs from the rows of `S`, in plain f64: O((2 edges + vertices)
 * vertices) each, for the nonzero edges of the node.
 *
 * @param gram `S` [vertices, vertices], checked against the samples.
 */
export function createDualPoints(
  gram: Float64Array,
  vertices: number,
): (edges: Uint32Array, values: Float64Array, diagonal: Float64Array) => DualPoint {
  const ends = Array.from({ length: vertices * (vertices - 1) / 2 }, (_, edge) => endsOfEdge(edge, vertices));
  const gradient = new Float64Array(ends.length), products = new Float64Array(vertices * vertices);
  const inverses = new Float64Array(vertices);
  const rows = Array.from({ length: vertices }, (_, i) => products.subarray(i * vertices, (i + 1) * vertices));
  return (edges, values, diagonal) => {
    const offsets = Array.from(diagonal, (_, i) => [i * vertices]), factors = Array.from(diagonal, (value) => [value]);
    for (let k = 0; k < edges.length; k++) {
      const [i, j] = ends[edges[k]];
      offsets[i].push(j * vertices);
      factors[i].push(values[k]);
      offsets[j].push(i * vertices);
      factors[j].push(values[k]);
    }
    products.fill(0);
    let value = vertices, size = vertices;
    for (let i = 0; i < vertices; i++) {
      const row = rows[i];
      addRows(row, gram, offsets[i], factors[i]);
      let norm = 0;
      for (let k = 0; k < offsets[i].length; k++) norm += factors[i][k] * row[offsets[i][k] / vertices];
      const argument = 2 * row[i] / diagonal[i] - norm / (diagonal[i] * diagonal[i]);
      const term = argument > 0 ? Math.log(argument) : -Infinity;
      value += term;
      size += Math.abs(term);
    }
    for (let i = 0; i < vertices; i++) inverses[i] = 2 / diagonal[i];
    for (let i = 0; i < vertices; i++) {
      const factor = inverses[i];
      for (let j = i + 1, edge = edgeNumber(i, j, vertices); j < vertices; j++, edge++) {
        gradient[edge] = factor * products[i * vertices + j] + inverses[j] * products[j * vertices + i];
      }
    }
    return { value, size, gradient };
  };
}
