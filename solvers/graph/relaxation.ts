import { type L0Penalty, l0Penalty, relaxedConjugate } from "../l0/penalty.ts";
import {
  canScreen,
  createCandidates,
  finer,
  isRelaxed,
  nodePenaltyAt,
  nodePrecision,
  ROUND_SWEEPS,
  screened,
} from "../l0/relaxation.ts";
import { drop, type Fixing, keep, nodeStatus, type SearchOptions } from "../l0/search.ts";
import { boundOfVariances, lowerBound } from "./dual_bound.ts";
import { degreesOf } from "./edge_arrays.ts";
import {
  dataTerm,
  edgeNumber,
  type EdgePrices,
  endsOfEdge,
  evaluate,
  type GraphEstimate,
  type GraphPoint,
  type Pseudolikelihood,
} from "./pseudolikelihood.ts";
import { type CertifiedDual, createDualCertificate } from "./relaxation_certificate.ts";

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
  readonly edges: Uint32Array;
  /** Lower bound on the node's optimum, valid whatever the estimate. */
  readonly bound: number;
  /** Edges with a fractional indicator that may be branched on, the most fractional first. */
  readonly fractional: readonly number[];
  /** Edges that no solution of the node below the upper bound can have otherwise. */
  readonly fixings: readonly Fixing[];
  /** Whether the relaxation was solved, rather than cut short by the time limit or by its size. */
  readonly complete: boolean;
  /** Objective of the relaxation at the estimate. */
  readonly primal: number;
}

/** Solves the relaxation of one node after another. */
export type GraphRelaxation = (statuses: Uint8Array, start: GraphStart, upperBound: number) => Promise<RelaxedGraph>;

/**
 * Sweeps that take as long as the sums before and after those of a call, and as what the first call has to gather besides;
 * fewest sweeps of a call: one that is made may be the last or not.
 */
const callingSweeps = 2, loadingSweeps = 6, fewestSweeps = 3;

/** What a relaxation does at a time. */
export interface RelaxationLimits {
  /** Multiply-adds of a descent between two checkpoints; a sweep is made whatever it takes. */
  readonly workPerCall: number;
  /** Multiply-adds of a sweep at most: the edges of a descent are so few. */
  readonly workPerSweep: number;
  /** Edges that may join at once where few are there, as a multiple of the vertices. */
  readonly joining: number;
}

/** Some 50 ms between checkpoints; sweeps of seconds are those of graphs that take minutes. */
export const usualLimits: RelaxationLimits = { workPerCall: 1e8, workPerSweep: 4e9, joining: 8 };

/** Multiply-adds of a pass over all edges that is made even when time is up, for a better bound than that of the variances. */
export const hurriedWork = 2e6;

/** A penalty that would be stronger by less than this factor is left as it is: nearly all edges above the threshold are there already. */
const leastFactor = 1.25;

/**
 * Tolerances of the descents, times the vertices: while edges join by more than a part of those that are there, what is
 * solved is not the relaxation yet.
 */
const fine = 1e-6, rough = 1e-2, settling = 1 / 8;

/** Share of the edges that the work of a call allows that may be taken: they may concentrate at some vertices. */
const spare = 0.9;

/** More of the open gap may be left than by small relaxations: a round over all edges of a large graph costs more than it closes. */
export const precision = { ...nodePrecision, slack: 0.01 };

/**
 * Relaxations by coordinate descent on an active set of edges: those whose derivative exceeds the threshold join until none
 * is left, and the descent is repeated to a finer tolerance until the duality gap tells whether the node can be pruned.
 *
 * Where too many edges are above the threshold, the largest join, and the descent has the penalty as many times as strong
 * as it takes for no other edge to be above it: the solution is as dense as its edges are many, and a fraction of its dual point is a
 * good one for the penalty itself. The penalty comes down as edges join.
 */
export function createGraphRelaxation(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  { run, branchingWidth }: Pick<SearchOptions, "run" | "branchingWidth">,
  { workPerCall, workPerSweep, joining: most }: RelaxationLimits = usualLimits,
): GraphRelaxation {
  const { vertices } = problem;
  const { lambda0, lambda2, bound: bigM, threshold } = penalty, passWork = vertices ** 2 * problem.covarianceWork;
  const candidates = createCandidates(branchingWidth, penalty);
  const certify = createDualCertificate(problem, penalty);
  const active = new Uint8Array(vertices * (vertices - 1) / 2);

  /** Bound and derivatives are those of one dual point. */
  async function screen(statuses: Uint8Array, dual: CertifiedDual, upperBound: number): Promise<Fixing[]> {
    const fixings: Fixing[] = [], bound = dual.unscaled;
    await problem.derivativesAbove(() => -1, (derivative, i, j) => {
      dual.checkDerivative(derivative, i, j);
      const edge = edgeNumber(i, j, vertices);
      if (statuses[edge] !== nodeStatus.free) return;
      const status = screened(derivative, bound, upperBound, penalty);
      if (status === nodeStatus.screenedKept) fixings.push(keep(edge));
      if (status === nodeStatus.screenedZero) fixings.push(drop(edge));
    });
    return fixings;
  }

  function relaxedObjective(kinds: Uint8Array, estimate: GraphEstimate): number {
    let value = dataTerm(estimate);
    for (let k = 0; k < kinds.length; k++) value += nodePenaltyAt(kinds[k], estimate.values[k], penalty);
    return value;
  }

  /** The most fractional edges, as many as may be branched on; of equal ones, the first. */
  function fractionalEdges(edges: Uint32Array, kinds: Uint8Array, { values }: GraphEstimate): number[] {
    for (let k = 0; k < edges.length; k++) candidates.offer(edges[k], values[k], kinds[k]);
    return candidates.take();
  }

  /** One descent, in calls of bounded work; none or a part of it once time is up. */
  async function descend(
    point: GraphPoint,
    kinds: Uint8Array,
    factor: number,
    sweepWork: number,
    tolerance: number,
    follows: boolean,
    ended: () => Promise<boolean>,
  ): Promise<GraphEstimate> {
    if (await ended()) return evaluate(problem, point, penalty);
    const stronger = l0Penalty(factor * lambda0, factor * lambda2, bigM);
    const request = { kinds, penalty: stronger, tolerance };
    const affordable = Math.floor(workPerCall / Math.max(1, sweepWork));
    let sweeps = Math.max(fewestSweeps, Math.min(ROUND_SWEEPS, affordable - loadingSweeps));
    let descent = await problem.descend({ ...request, point, follows, sweeps });
    for (let made = sweeps; descent.sweeps === sweeps && made < ROUND_SWEEPS; made += sweeps) {
      if (await ended()) break;
      sweeps = Math.max(fewestSweeps, Math.min(ROUND_SWEEPS - made, affordable - callingSweeps));
      descent = await problem.descend({ ...request, sweeps });
    }
    return descent.estimate;
  }

  async function solve(
    statuses: Uint8Array,
    kept: readonly number[],
    start: EdgePoint,
    upperBound: number,
  ): Promise<RelaxedGraph> {
    let { edges, values, diagonal } = start;
    // How many times as strong the penalty of the descent is; once edges have joined, it only comes down.
    let bound = boundOfVariances(problem.variances, penalty), factor = 1, ceiling = Infinity, timeIsUp = false;
    /** The round that the bound comes from; before the first, it is that of the variances. */
    let best: { estimate: GraphEstimate; prices: EdgePrices } | undefined;
    /** What leaves here has its bound from plain sums. */
    const certified = async (node: Omit<RelaxedGraph, "bound">, dual?: CertifiedDual): Promise<RelaxedGraph> => {
      if (best === undefined) return { ...node, bound };
      dual ??= await certify(best.estimate, best.prices, statuses);
      return { ...node, bound: dual.bound };
    };
    const state = () => ({ stage: "relaxation", fraction: 0, iteration: edges.length, objective: upperBound });
    const ended = async () => timeIsUp = await run.checkpoint(state()) || timeIsUp;
    const mayJoin = (edge: number) => active[edge] === 0;
    try {
      for (let tolerance = fine * vertices, isGrowing = false, round = 1;; round++) {
        const kinds = statusesOf(edges, statuses);
        const point = { ends: endsOfEdges(edges, vertices), values, diagonal };
        const degrees = degreesOf(point.ends, vertices);
        const enough = isGrowing ? Math.max(tolerance, rough * vertices) : tolerance;
        const follows = round > 1, sweepWork = problem.sweepWork(degrees);
        const estimate = await descend(point, kinds, factor, sweepWork, enough, follows, ended);
        const capacity = mostEdges(problem, degrees, workPerSweep);
        const { stays, staying } = thoseThatStay(kinds, estimate.values), spareCapacity = capacity - staying;
        const joining = Math.max(1, Math.min(spareCapacity, Math.max(Math.ceil(most * vertices), 3 * edges.length)));
        // The first pass is made even when time is up, unless it is long; a later one is left out once time is up.
        const stop = async () => await ended() && (round > 1 || passWork > hurriedWork);
        const prices = await problem.price({ statuses, mayJoin, kept, penalty, joining, inHaste: timeIsUp, stop });
        // Bounds need not rise from round to round; the best one stays valid for the node.
        const before = bound;
        const found = prices ? lowerBound(estimate, prices, penalty) : -Infinity;
        if (prices && found > bound) {
          bound = found;
          best = { estimate, prices };
        }
        const primal = relaxedObjective(kinds, estimate);
        const fractional = fractionalEdges(edges, kinds, estimate);
        const solved = { estimate, edges, fractional, fixings: [], complete: true, primal };
        if (bound >= upperBound) return await certified(solved);
        if (prices === undefined || await ended()) return await certified({ ...solved, complete: false });

        // The bound is valid with edges yet to enter: what they could gain is part of the gap.
        if (
          isRelaxed({ primal, bound, upperBound, isSolution: fractional.length === 0, tolerance: enough }, precision)
        ) {
          const largest = relaxedConjugate(prices.largest, penalty);
          if (!canScreen(bound, upperBound, largest, penalty)) return await certified(solved);
          const dual = await certify(estimate, prices, statuses);
          const node = { ...solved, fixings: await screen(statuses, dual, upperBound) };
          return await certified(node, best?.prices === prices ? dual : undefined);
        }
        const { entering, limit } = prices;
        const full = edges.length + entering.length > capacity;
        // Where not all fit, exchanging some for others may gain nothing any more.
        if (entering.length > 0 && full && (spareCapacity < edges.length >> 3 || !(bound > before))) {
          return await certified({ ...solved, complete: false });
        }
        // Zero edges leave while many others enter; later they stay, so that none enters and leaves forever.
        isGrowing = entering.length > settling * edges.length;
        const settled = !full && !isGrowing;
        if (entering.length === 0 && factor === 1 && enough === tolerance) tolerance = finer(tolerance);
        ({ edges, values } = joinEdges(edges, estimate.values, settled ? undefined : stays, entering));
        if (threshold > 0) ceiling = Math.min(ceiling, limit / threshold);
        factor = threshold > 0 && ceiling >= leastFactor ? ceiling : 1;
        diagonal = estimate.diagonal;
      }
    } finally {
      for (const edge of edges) active[edge] = 0;
    }
  }

  /** The edges that stay, or all, and those that enter. */
  function joinEdges(
    edges: Uint32Array,
    values: Float64Array,
    stays: Uint8Array | undefined,
    entering: Uint32Array,
  ): Pick<EdgePoint, "edges" | "values"> {
    const longer = new Uint32Array(edges.length + entering.length), along = new Float64Array(longer.length);
    let count = 0;
    for (let k = 0; k < edges.length; k++) {
      active[edges[k]] = stays?.[k] ?? 1;
      if (!active[edges[k]]) continue;
      longer[count] = edges[k];
      along[count++] = values[k];
    }
    for (const edge of entering) active[longer[count++] = edge] = 1;
    return { edges: longer.slice(0, count), values: along.slice(0, count) };
  }

  return (statuses, start, upperBound) => {
    const kept = keptEdges(statuses);
    const edges = new Uint32Array(start.edges.length + kept.length), values = new Float64Array(edges.length);
    let count = 0;
    const join = (edge: number, value: number) => {
      active[edge] = 1;
      edges[count] = edge;
      values[count++] = value;
    };
    for (let k = 0; k < start.edges.length; k++) {
      if (statuses[start.edges[k]] !== nodeStatus.zero) join(start.edges[k], start.values[k]);
    }
    for (const edge of kept) if (!active[edge]) join(edge, 0);
    const point = { edges: edges.slice(0, count), values: values.slice(0, count), diagonal: start.diagonal };
    return solve(statuses, kept, point, upperBound);
  };
}

/** {@linkcode GraphStart} in typed arrays. */
interface EdgePoint extends GraphStart {
  readonly edges: Uint32Array;
  readonly values: Float64Array;
}

/** The kept edges, ascending. */
function keptEdges(statuses: Uint8Array): number[] {
  const kept: number[] = [];
  for (let edge = -1; (edge = statuses.indexOf(nodeStatus.kept, edge + 1)) >= 0;) kept.push(edge);
  return kept;
}

function statusesOf(edges: Uint32Array, statuses: Uint8Array): Uint8Array {
  const kinds = new Uint8Array(edges.length);
  for (let k = 0; k < edges.length; k++) kinds[k] = statuses[edges[k]];
  return kinds;
}

/** Marks the kept and the nonzero edges, and counts them. */
function thoseThatStay(kinds: Uint8Array, values: Float64Array): { stays: Uint8Array; staying: number } {
  const stays = new Uint8Array(kinds.length);
  let staying = 0;
  for (let k = 0; k < kinds.length; k++) {
    if (kinds[k] === nodeStatus.kept || values[k] !== 0) staying += stays[k] = 1;
  }
  return { stays, staying };
}

/** Most edges, spread over the vertices as some are, of which one sweep takes no more than some work. */
function mostEdges(problem: Pseudolikelihood, degrees: Uint32Array, work: number): number {
  // Smoothed, because those that join are not all where edges are already.
  const shape = Float64Array.from(degrees, (degree) => degree + 1);
  let fits = 0;
  for (let beyond = degrees.length; beyond > 1e-3 * fits + 1e-9;) {
    if (problem.sweepWork(shape.map((part) => (fits + beyond) * part)) <= work) fits += beyond;
    beyond /= 2;
  }
  return Math.floor(spare * fits * shape.reduce((sum, part) => sum + part, 0) / 2);
}

function endsOfEdges(edges: Uint32Array, vertices: number): Uint32Array {
  const ends = new Uint32Array(2 * edges.length);
  for (let k = 0; k < edges.length; k++) {
    const [i, j] = endsOfEdge(edges[k], vertices);
    ends[2 * k] = i;
    ends[2 * k + 1] = j;
  }
  return ends;
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
