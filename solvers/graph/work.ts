import { foreseenNodes } from "../l0/foreseen_nodes.ts";

/** What the work of a graph depends on, as far as it is known before. */
export interface GraphWork {
  readonly samples: number;
  readonly vertices: number;
  readonly method: "approximate" | "exact";
  readonly nodeLimit: number;
  /** Descents besides the first: random starts and perturbations. */
  readonly descents: number;
  /** Graphs that share the Gram matrix: the points of a path. @default 1 */
  readonly points?: number;
}

/** Operations that take the time of one entry of the matrix in a local search, and in a node. */
const searchCost = 1e3, nodeCost = 2.7e3;

/**
 * Operations that take the time of a solve, by rough count: the Gram matrix, `samples vertices^2`; searches, and nodes of
 * `branch-and-bound` in the benchmarks, in proportion to the entries of the matrix.
 */
export function graphWork({ samples, vertices, method, nodeLimit, descents, points = 1 }: GraphWork): number {
  const nodes = method === "exact" ? foreseenNodes(vertices, nodeLimit) : 0;
  return vertices ** 2 * (samples + points * (searchCost * (1 + descents) + nodeCost * nodes));
}
