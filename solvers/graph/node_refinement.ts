import { createPace, inSteps, type Steps } from "../core/steps.ts";
import type { NodePoint, NodeProblem } from "../l0/node_batch.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import { nodeStatus } from "../l0/search.ts";
import { degreesOf } from "./edge_arrays.ts";
import { canMinimize, minimizeOnSupport } from "./newton.ts";
import { edgeNumber, endsOfEdge, type Pseudolikelihood } from "./pseudolikelihood.ts";

/** Rounds of minima over active sets: edges above the threshold join between them. */
const rounds = 8;

/** Entries of a relaxation that may take part in Newton's method. */
const mostEntries = 500;

/** Share of the threshold by which a derivative must exceed it. */
const margin = 1e-9;

/** Minima in a row that rounding has kept from being found, after which no more are looked for: it hides them all. */
const mostFailures = 8;

interface ActivePoint {
  readonly edges: number[];
  readonly values: number[];
  readonly diagonal: Float64Array;
}

/**
 * Solves relaxations of nodes by Newton's method on an active set, where descents have left a gap between value and bound
 * that is more than rounding.
 */
export function createNodeRefinement(
  problem: Pick<Pseudolikelihood, "vertices" | "covariance">,
  penalty: L0Penalty,
  pause: () => Promise<boolean>,
): NonNullable<NodeProblem["refinement"]>["refine"] {
  const { vertices, covariance } = problem;
  let failures = 0;

  /** A point with its kept edges, those at 0 among them. */
  function active({ variables, values, extra }: NodePoint, statuses: Uint8Array): ActivePoint {
    const edges = Array.from(variables), along = Array.from(values), present = new Set(edges);
    for (let edge = -1; (edge = statuses.indexOf(nodeStatus.kept, edge + 1)) >= 0;) {
      if (present.has(edge)) continue;
      edges.push(edge);
      along.push(0);
    }
    return { edges, values: along, diagonal: Float64Array.from(extra) };
  }

  return (start, statuses) => inSteps(refine(start, statuses), pause);

  function* refine(start: NodePoint, statuses: Uint8Array): Steps<NodePoint | undefined> {
    if (failures >= mostFailures) return undefined;
    const isDue = createPace();
    let { edges, values, diagonal }: ActivePoint = active(start, statuses);
    for (let left = rounds; left > 0; left--) {
      const ends = edges.flatMap((edge) => endsOfEdge(edge, vertices));
      if (vertices + edges.length > mostEntries || !canMinimize(degreesOf(ends, vertices), 1)) return undefined;
      const kinds = edges.map((edge) => statuses[edge]);
      const minimum = yield* minimizeOnSupport({ covariance, point: { ends, values, diagonal }, kinds, penalty });
      const stays = edges.map((edge, k) => minimum.values[k] !== 0 || statuses[edge] === nodeStatus.kept);
      values = Array.from(minimum.values).filter((_, k) => stays[k]);
      edges = edges.filter((_, k) => stays[k]);
      diagonal = minimum.diagonal;
      failures = minimum.converged ? 0 : failures + 1;
      if (!minimum.converged) break;
      if (isDue(2 * vertices ** 3) && (yield)) break;
      const entering = enteringEdges();
      if (entering.length === 0) break;
      for (const { edge, derivative } of entering) {
        edges.push(edge);
        values.push(-Math.sign(derivative) * Number.MIN_VALUE);
      }
    }
    const nonzero = edges.map((_, k) => k).filter((k) => values[k] !== 0).sort((a, b) => edges[a] - edges[b]);
    return {
      variables: Uint32Array.from(nonzero, (k) => edges[k]),
      values: Float64Array.from(nonzero, (k) => values[k]),
      extra: diagonal,
    };

    /** Free edges at 0 whose derivative is above the threshold. */
    function enteringEdges() {
      const products = new Float64Array(vertices * vertices), entering: { edge: number; derivative: number }[] = [];
      const present = new Set(edges);
      const addRow = (i: number, factor: number, k: number) => {
        for (let j = 0; j < vertices; j++) products[i * vertices + j] += factor * covariance(k, j);
      };
      diagonal.forEach((t, i) => addRow(i, t, i));
      edges.forEach((edge, k) => {
        const [i, j] = endsOfEdge(edge, vertices);
        addRow(i, values[k], j);
        addRow(j, values[k], i);
      });
      for (let i = 0; i < vertices; i++) {
        for (let j = i + 1; j < vertices; j++) {
          const edge = edgeNumber(i, j, vertices);
          if (statuses[edge] !== nodeStatus.free || present.has(edge)) continue;
          const derivative = 2 *
            (products[i * vertices + j] / diagonal[i] + products[j * vertices + i] / diagonal[j]);
          if (Math.abs(derivative) > (1 + margin) * penalty.threshold) entering.push({ edge, derivative });
        }
      }
      return entering;
    }
  }
}
