import { createPace, type Steps } from "../core/steps.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import type { GraphPoint, Pseudolikelihood } from "./pseudolikelihood.ts";

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

/** O(vertices (vertices + edges)); a border takes O(degree). */
export function* createBorders(
  { vertices, covariance }: Pick<Pseudolikelihood, "vertices" | "covariance">,
  { lambda2 }: L0Penalty,
  { ends, values, diagonal }: GraphPoint,
): Steps<Borders> {
  const isDue = createPace(), edges = values.length;
  const S = new Float64Array(vertices * vertices), products = new Float64Array(vertices * vertices);
  for (let i = 0; i < vertices; i++) for (let j = 0; j < vertices; j++) S[i * vertices + j] = covariance(i, j);
  const addRow = (i: number, factor: number, k: number) => {
    for (let j = 0; j < vertices; j++) products[i * vertices + j] += factor * S[k * vertices + j];
  };
  /** Edges at each vertex, and their other ends. */
  const incident = Array.from({ length: vertices }, () => [] as { edge: number; other: number }[]);
  const present = new Uint8Array(vertices * vertices);
  for (let i = 0; i < vertices; i++) addRow(i, diagonal[i], i);
  for (let e = 0; e < edges; e++) {
    const i = ends[2 * e], j = ends[2 * e + 1];
    addRow(i, values[e], j);
    addRow(j, values[e], i);
    incident[i].push({ edge: e, other: j });
    incident[j].push({ edge: e, other: i });
    present[i * vertices + j] = present[j * vertices + i] = 1;
    if (isDue(vertices)) yield;
  }
  const size = vertices + edges, places = new Uint32Array(size), entries = new Float64Array(size);
  return {
    places,
    entries,
    isPresent: (i, j) => present[i * vertices + j] === 1,
    load(i, j) {
      let count = 0;
      for (let near = i, far = j, side = 0; side < 2; side++, near = j, far = i) {
        const factor = 2 / diagonal[near];
        places[count] = near;
        entries[count++] = factor * (S[near * vertices + far] - products[near * vertices + far] / diagonal[near]);
        for (const { edge, other } of incident[near]) {
          if (other === far) continue;
          places[count] = vertices + edge;
          entries[count++] = factor * S[other * vertices + far];
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
