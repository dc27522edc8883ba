import {
  indicatorAt,
  keptConjugate,
  type L0Penalty,
  relaxedAt,
  relaxedConjugate,
} from "../branch_and_bound/perspective.ts";
import { allowedGap, roundingMargin } from "../branch_and_bound/precision.ts";
import { drop, type Fixing, keep, nodeStatus } from "../branch_and_bound/search.ts";
import type { Run } from "../core/run.ts";
import { dataTerm, edgeEnds, edgeNumber, type GraphEstimate, type Pseudolikelihood } from "./pseudolikelihood.ts";

/** A point in edge numbers, to start from. */
export interface GraphStart {
  readonly edges: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly diagonal: ArrayLike<number>;
}

/** A solved relaxation. */
export interface RelaxedGraph {
  readonly estimate: GraphEstimate;
  /** Number of each edge of the estimate. */
  readonly edges: readonly number[];
  /** Value of the relaxation at the estimate. */
  readonly primal: number;
  /** Lower bound on the node's optimum, valid whatever the estimate. */
  readonly bound: number;
  /** Whether the relaxation was solved, rather than cut short by the time limit. */
  readonly complete: boolean;
}

const sweepsPerCall = 200;
/** Rows of slopes looked at together. */
const tileRows = 64;

/**
 * Solves the relaxation of a node by coordinate descent on an active set of edges: those whose slope exceeds the threshold
 * join until none is left, and the descent is repeated to a finer tolerance until the duality gap tells whether the node
 * can be pruned.
 */
export async function relaxGraph(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  statuses: Uint8Array,
  start: GraphStart,
  upperBound: number,
  run: Run,
): Promise<RelaxedGraph> {
  const { vertices } = problem;
  const values = new Map<number, number>();
  for (let k = 0; k < start.edges.length; k++) {
    if (statuses[start.edges[k]] !== nodeStatus.zero) values.set(start.edges[k], start.values[k]);
  }
  for (let edge = -1; (edge = statuses.indexOf(nodeStatus.kept, edge + 1)) >= 0;) {
    if (!values.has(edge)) values.set(edge, 0);
  }
  let diagonal = start.diagonal;
  let best: RelaxedGraph | undefined;
  let tolerance = 1e-5;
  for (;;) {
    const edges = [...values.keys()];
    const { estimate } = await problem.descend({
      point: {
        ends: edges.flatMap((edge) => edgeEnds(edge, vertices)),
        values: [...values.values()],
        diagonal,
      },
      kinds: edges.map((edge) => statuses[edge]),
      penalty,
      sweeps: sweepsPerCall,
      tolerance,
    });
    diagonal = estimate.diagonal;
    edges.forEach((edge, k) => values.set(edge, estimate.values[k]));
    const { conjugates, entering } = await priceEdges(problem, penalty, statuses, values);
    const bound = lowerBound(estimate, conjugates);
    const primal = relaxedObjective(penalty, statuses, edges, estimate);
    best = { estimate, edges, primal, bound: Math.max(bound, best?.bound ?? -Infinity), complete: true };
    if (best.bound >= upperBound) return best;
    const state = { stage: "relaxation", fraction: 0, iteration: edges.length, objective: upperBound };
    if (await run.checkpoint(state)) return { ...best, complete: false };

    if (entering.length > 0) {
      for (const edge of entering.slice(0, Math.max(vertices, edges.length >> 1))) values.set(edge, 0);
      continue;
    }
    const isSolution = fractionalEdges(penalty, statuses, best).length === 0;
    if (primal - best.bound <= allowedGap(primal, upperBound, isSolution) || tolerance < 1e-26) return best;
    tolerance /= 100;
  }
}

/** Numbers of the edges with a fractional indicator, the most fractional first. */
export function fractionalEdges(
  penalty: L0Penalty,
  statuses: Uint8Array,
  { edges, estimate }: Pick<RelaxedGraph, "edges" | "estimate">,
): number[] {
  const distance = new Map<number, number>();
  edges.forEach((edge, k) => {
    const z = indicatorAt(estimate.values[k], penalty);
    if (statuses[edge] === nodeStatus.free && z > 0 && z < 1) distance.set(edge, Math.abs(z - 0.5));
  });
  return [...distance.keys()].sort((a, b) => distance.get(a)! - distance.get(b)! || a - b);
}

/** Free edges that no solution below `upperBound` can have otherwise, from the slopes of the latest descent. */
export async function screenEdges(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  statuses: Uint8Array,
  bound: number,
  upperBound: number,
): Promise<Fixing[]> {
  const fixings: Fixing[] = [];
  await eachSlope(problem, (slope, i, j) => {
    const edge = edgeNumber(i, j, problem.vertices);
    if (statuses[edge] !== nodeStatus.free) return;
    const relaxed = relaxedConjugate(slope, penalty);
    if (bound + relaxed > upperBound) fixings.push(keep(edge));
    else if (bound + relaxed - keptConjugate(slope, penalty) > upperBound) fixings.push(drop(edge));
  });
  return fixings;
}

/** Calls `visit` with the slope of every edge, row by row. */
export async function eachSlope(
  problem: Pseudolikelihood,
  visit: (slope: number, i: number, j: number) => void,
): Promise<void> {
  const { vertices } = problem;
  for (let begin = 0; begin < vertices; begin += tileRows) {
    const end = Math.min(vertices, begin + tileRows);
    const slopes = await problem.slopes(begin, end);
    for (let i = begin; i < end; i++) {
      for (let j = i + 1; j < vertices; j++) visit(slopes[(i - begin) * vertices + j], i, j);
    }
  }
}

/** The sum of the conjugates of all penalties, and the free edges beyond the threshold, the steepest first. */
async function priceEdges(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  statuses: Uint8Array,
  active: ReadonlyMap<number, number>,
): Promise<{ conjugates: number; entering: number[] }> {
  let conjugates = 0, edge = 0;
  const steep: { edge: number; slope: number }[] = [];
  await eachSlope(problem, (slope) => {
    if (statuses[edge] === nodeStatus.kept) {
      conjugates += keptConjugate(slope, penalty);
    } else if (statuses[edge] === nodeStatus.free && Math.abs(slope) > penalty.threshold) {
      conjugates += relaxedConjugate(slope, penalty);
      if (!active.has(edge)) steep.push({ edge, slope: Math.abs(slope) });
    }
    edge++;
  });
  steep.sort((a, b) => b.slope - a.slope || a.edge - b.edge);
  return { conjugates, entering: steep.map(({ edge }) => edge) };
}

/** The dual objective at `nu_i = 2 r_i / t_ii`, less a margin for rounding. */
function lowerBound({ diagonal, norms, own }: GraphEstimate, conjugates: number): number {
  let bound = diagonal.length, size = diagonal.length + Math.abs(conjugates);
  for (let i = 0; i < diagonal.length; i++) {
    const argument = 2 * own[i] / diagonal[i] - norms[i] / (diagonal[i] * diagonal[i]);
    if (!(argument > 0)) return -Infinity;
    bound += Math.log(argument);
    size += Math.abs(Math.log(argument));
  }
  return bound - conjugates - roundingMargin * size;
}

function relaxedObjective(
  penalty: L0Penalty,
  statuses: Uint8Array,
  edges: readonly number[],
  estimate: GraphEstimate,
): number {
  let value = dataTerm(estimate);
  edges.forEach((edge, k) => {
    const x = estimate.values[k];
    value += statuses[edge] === nodeStatus.kept ? penalty.lambda0 + penalty.lambda2 * x * x : relaxedAt(x, penalty);
  });
  return value;
}

/** What the children of a node start from: its nonzero edges. */
export function startOfNode({ edges, estimate }: RelaxedGraph): GraphStart {
  const { values, diagonal } = estimate;
  return {
    edges: Uint32Array.from(edges.filter((_, k) => values[k] !== 0)),
    values: Float32Array.from(values.filter((value) => value !== 0)),
    diagonal: Float32Array.from(diagonal),
  };
}
