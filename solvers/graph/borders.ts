import { addScaled } from "../core/plain_sums.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import { adjacencyOf } from "./edge_arrays.ts";
import type { GraphPoint } from "./pseudolikelihood.ts";

/** Curvature and derivative along an edge of value 0, and how many entries its border has. */
export interface Border {
  readonly count: number;
  readonly curvature: number;
  readonly derivative: number;
}

/**
 * What the Hessian over diagonal and edges of a point would have in the column of one more edge. An entry of the diagonal and
 * an edge are coupled where they meet, two edges where they share a vertex.
 */
export interface Borders {
  /** Places and entries of the latest border: the vertices, then the edges. */
  readonly places: Uint32Array;
  readonly entries: Float64Array;
  readonly isPresent: (i: number, j: number) => boolean;
  /** Writes the border of the edge `{i, j}`, without its own entry. */
  load(i: number, j: number): Border;
}

/**
 * Borders at a point: O(edges) to begin with, O(vertices degree) for the first border at a vertex, O(degree) for each.
 *
 * @param covariances `S` [vertices, vertices]
 */
export function createBorders(
  covariances: Float64Array,
  { lambda2 }: L0Penalty,
  { ends, values, diagonal }: GraphPoint,
): Borders {
  const vertices = diagonal.length, edges = values.length, S = covariances;
  const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
  const present = new Uint8Array(vertices * vertices);
  for (let e = 0; e < edges; e++) {
    const i = ends[2 * e], j = ends[2 * e + 1];
    present[i * vertices + j] = present[j * vertices + i] = 1;
  }
  /** Rows of `T S`, where they have been asked for. */
  const products = new Float64Array(vertices * vertices), isKnown = new Uint8Array(vertices);
  const multiplyRow = (i: number) => {
    isKnown[i] = 1;
    const row = products.subarray(i * vertices, (i + 1) * vertices);
    addScaled(row, diagonal[i], S, i * vertices);
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      addScaled(row, values[incident[at]], S, neighbours[at] * vertices);
    }
  };
  const size = vertices + edges, places = new Uint32Array(size), entries = new Float64Array(size);
  return {
    places,
    entries,
    isPresent: (i, j) => present[i * vertices + j] === 1,
    load(i, j) {
      if (!isKnown[i]) multiplyRow(i);
      if (!isKnown[j]) multiplyRow(j);
      let count = 0;
      for (let near = i, far = j, side = 0; side < 2; side++, near = j, far = i) {
        const factor = 2 / diagonal[near];
        places[count] = near;
        entries[count++] = factor * (S[near * vertices + far] - products[near * vertices + far] / diagonal[near]);
        for (let at = starts[near]; at < starts[near + 1]; at++) {
          if (neighbours[at] === far) continue;
          places[count] = vertices + incident[at];
          entries[count++] = factor * S[neighbours[at] * vertices + far];
        }
      }
      return {
        count,
        curvature: 2 * (S[j * (vertices + 1)] / diagonal[i] + S[i * (vertices + 1)] / diagonal[j] + lambda2),
        derivative: 2 * (products[i * vertices + j] / diagonal[i] + products[j * vertices + i] / diagonal[j]),
      };
    },
  };
}
