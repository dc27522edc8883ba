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
import { dataTerm, edgeNumber, type GraphEstimate, type Pseudolikelihood } from "./pseudolikelihood.ts";

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
  /** Lower bound on the node's optimum, valid whatever the estimate. */
  readonly bound: number;
  /** Edges with a fractional indicator, the most fractional first. */
  readonly fractional: readonly number[];
  /** Edges that no solution of the node below the upper bound can have otherwise. */
  readonly fixings: readonly Fixing[];
  /** Whether the relaxation was solved, rather than cut short by the time limit. */
  readonly complete: boolean;
}

/** Solves the relaxation of one node after another. */
export type GraphRelaxation = (statuses: Uint8Array, start: GraphStart, upperBound: number) => Promise<RelaxedGraph>;

/** What the slopes of all edges say. */
interface Prices {
  /** Sum of the conjugates of all penalties. */
  conjugates: number;
  /** Free edges outside the active set beyond the threshold, the steepest first. */
  entering: number[];
  /** Largest conjugate of a free edge. */
  largest: number;
}

const sweepsPerCall = 200;

/** Share of the open gap that a relaxation may leave: a round over all edges of a large graph costs more than it closes. */
const slack = 0.01;

/**
 * Relaxations by coordinate descent on an active set of edges: those whose slope exceeds the threshold join until none is
 * left, and the descent is repeated to a finer tolerance until the duality gap tells whether the node can be pruned.
 */
export function createGraphRelaxation(problem: Pseudolikelihood, penalty: L0Penalty, run: Run): GraphRelaxation {
  const { vertices } = problem;
  const { lambda0, lambda2, threshold } = penalty;
  const count = vertices * (vertices - 1) / 2;
  /** Number of the edge that row `i` would begin with at column 0. */
  const rowStart = Float64Array.from({ length: vertices }, (_, i) => edgeNumber(i, 0, vertices));
  const active = new Uint8Array(count);

  /** The lower end of an edge: the root of the quadratic that numbers rows, a row too far at most for rounding. */
  function rowOf(edge: number): number {
    let i = Math.floor(vertices - 0.5 - Math.sqrt((vertices - 0.5) ** 2 - 2 * edge));
    while (edge - rowStart[i] >= vertices) i++;
    while (edge - rowStart[i] <= i) i--;
    return i;
  }

  /** Sums conjugates and finds violations in one pass over all slopes, edge by edge in the order of their numbers. */
  async function price(statuses: Uint8Array): Promise<Prices> {
    const prices: Prices = { conjugates: 0, entering: [], largest: 0 };
    const steepness: number[] = [];
    // Kept edges count whatever their slope: all of their row is looked at.
    const limits = new Float64Array(vertices).fill(threshold);
    for (let edge = -1; (edge = statuses.indexOf(nodeStatus.kept, edge + 1)) >= 0;) limits[rowOf(edge)] = -1;
    await problem.steepSlopes((i) => limits[i], (slope, i, j) => {
      const edge = rowStart[i] + j;
      if (statuses[edge] === nodeStatus.kept) {
        prices.conjugates += keptConjugate(slope, penalty);
      } else if (statuses[edge] === nodeStatus.free && Math.abs(slope) > threshold) {
        const conjugate = relaxedConjugate(slope, penalty);
        prices.conjugates += conjugate;
        prices.largest = Math.max(prices.largest, conjugate);
        if (active[edge]) return;
        steepness.push(Math.abs(slope));
        prices.entering.push(edge);
      }
    });
    const order = steepness.map((_, k) => k).sort((a, b) => steepness[b] - steepness[a] || a - b);
    return { ...prices, entering: order.map((k) => prices.entering[k]) };
  }

  async function screen(statuses: Uint8Array, bound: number, upperBound: number): Promise<Fixing[]> {
    const fixings: Fixing[] = [];
    await problem.steepSlopes(() => -1, (slope, i, j) => {
      const edge = rowStart[i] + j;
      if (statuses[edge] !== nodeStatus.free) return;
      const relaxed = relaxedConjugate(slope, penalty);
      if (bound + relaxed > upperBound) fixings.push(keep(edge));
      else if (bound + relaxed - keptConjugate(slope, penalty) > upperBound) fixings.push(drop(edge));
    });
    return fixings;
  }

  function relaxedObjective(statuses: Uint8Array, edges: readonly number[], estimate: GraphEstimate): number {
    let value = dataTerm(estimate);
    for (let k = 0; k < edges.length; k++) {
      const x = estimate.values[k];
      value += statuses[edges[k]] === nodeStatus.kept ? lambda0 + lambda2 * x * x : relaxedAt(x, penalty);
    }
    return value;
  }

  function fractionalEdges(statuses: Uint8Array, edges: readonly number[], { values }: GraphEstimate): number[] {
    const found: number[] = [], distance: number[] = [];
    for (let k = 0; k < edges.length; k++) {
      const z = indicatorAt(values[k], penalty);
      if (statuses[edges[k]] !== nodeStatus.free || !(z > 0 && z < 1)) continue;
      found.push(edges[k]);
      distance.push(Math.abs(z - 0.5));
    }
    const order = found.map((_, k) => k).sort((a, b) => distance[a] - distance[b] || found[a] - found[b]);
    return order.map((k) => found[k]);
  }

  async function solve(
    statuses: Uint8Array,
    edges: number[],
    start: GraphStart,
    upperBound: number,
  ): Promise<RelaxedGraph> {
    let values: ArrayLike<number> = edges.map((_, k) => k < start.values.length ? start.values[k] : 0);
    let diagonal = start.diagonal;
    let bound = -Infinity;
    for (let tolerance = 1e-4 * vertices;;) {
      const ends = new Uint32Array(2 * edges.length), kinds = new Uint8Array(edges.length);
      for (let k = 0; k < edges.length; k++) {
        const i = rowOf(edges[k]);
        ends[2 * k] = i;
        ends[2 * k + 1] = edges[k] - rowStart[i];
        kinds[k] = statuses[edges[k]];
      }
      const point = { ends, values, diagonal };
      const { estimate } = await problem.descend({ point, kinds, penalty, sweeps: sweepsPerCall, tolerance });
      const { conjugates, entering, largest } = await price(statuses);
      // Bounds need not rise from round to round; the best one stays valid for the node.
      bound = Math.max(bound, lowerBound(estimate, conjugates));
      const primal = relaxedObjective(statuses, edges, estimate);
      const fractional = fractionalEdges(statuses, edges, estimate);
      const solved = { estimate, edges: edges.slice(), bound, fractional, fixings: [], complete: true };
      if (bound >= upperBound) return solved;
      const state = { stage: "relaxation", fraction: 0, iteration: edges.length, objective: upperBound };
      if (await run.checkpoint(state)) return { ...solved, complete: false };

      // The bound is valid with edges yet to enter: what they are worth is in the gap.
      if (primal - bound <= allowedGap(primal, upperBound, fractional.length === 0, slack) || tolerance < 1e-26) {
        // The bound of an edge made zero is above that of the node by lambda0 at most, that of a kept one by its conjugate.
        const promising = bound + Math.max(lambda0, largest) > upperBound;
        return promising ? { ...solved, fixings: await screen(statuses, bound, upperBound) } : solved;
      }
      if (entering.length > 0) {
        // Zero edges leave while many others come; later they stay, so that none comes and goes forever.
        const settled = entering.length <= edges.length >> 3;
        const joining = entering.slice(0, Math.max(8 * vertices, 3 * edges.length));
        const longer = new Float64Array(edges.length + joining.length);
        let count = 0;
        for (let k = 0; k < kinds.length; k++) {
          const stays = settled || estimate.values[k] !== 0 || kinds[k] === nodeStatus.kept;
          active[edges[k]] = stays ? 1 : 0;
          if (!stays) continue;
          longer[count] = estimate.values[k];
          edges[count++] = edges[k];
        }
        edges.length = count;
        for (const edge of joining) {
          active[edge] = 1;
          edges.push(edge);
        }
        values = longer.subarray(0, edges.length);
      } else {
        tolerance /= 100;
        values = estimate.values;
      }
      diagonal = estimate.diagonal;
    }
  }

  return async (statuses, start, upperBound) => {
    const edges: number[] = [], values: number[] = [];
    const join = (edge: number, value: number) => {
      active[edge] = 1;
      edges.push(edge);
      values.push(value);
    };
    for (let k = 0; k < start.edges.length; k++) {
      if (statuses[start.edges[k]] !== nodeStatus.zero) join(start.edges[k], start.values[k]);
    }
    for (let edge = -1; (edge = statuses.indexOf(nodeStatus.kept, edge + 1)) >= 0;) if (!active[edge]) join(edge, 0);
    try {
      return await solve(statuses, edges, { edges, values, diagonal: start.diagonal }, upperBound);
    } finally {
      for (const edge of edges) active[edge] = 0;
    }
  };
}

/** The dual objective at `nu_i = 2 r_i / t_ii`, less a margin for rounding. */
function lowerBound({ diagonal, norms, own }: GraphEstimate, conjugates: number): number {
  let bound = diagonal.length, size = diagonal.length + Math.abs(conjugates);
  for (let i = 0; i < diagonal.length; i++) {
    const argument = 2 * own[i] / diagonal[i] - norms[i] / (diagonal[i] * diagonal[i]);
    if (!(argument > 0)) return -Infinity;
    const term = Math.log(argument);
    bound += term;
    size += Math.abs(term);
  }
  return bound - conjugates - roundingMargin * size;
}

/** What the children of a node start from: its nonzero edges. */
export function startOfNode({ edges, estimate: { values, diagonal } }: RelaxedGraph): GraphStart {
  const start = { edges: new Uint32Array(edges.length), values: new Float32Array(edges.length) };
  let count = 0;
  for (let k = 0; k < edges.length; k++) {
    if (values[k] === 0) continue;
    start.edges[count] = edges[k];
    start.values[count++] = values[k];
  }
  return {
    edges: start.edges.slice(0, count),
    values: start.values.slice(0, count),
    diagonal: new Float32Array(diagonal),
  };
}
