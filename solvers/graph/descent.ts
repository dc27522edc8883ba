import { entryGain, type L0Penalty, penaltyKinds } from "../l0/penalty.ts";
import { distrust } from "../core/certificate.ts";
import type { Random } from "../core/random.ts";
import type { Run } from "../core/run.ts";
import {
  curvatureAt,
  evaluate,
  type GraphEstimate,
  graphObjective,
  type GraphPoint,
  type Pseudolikelihood,
  withoutZeros,
} from "./pseudolikelihood.ts";
import { adjacencyOf, degreesOf } from "./edge_arrays.ts";
import { leastCurvatures } from "./gradient.ts";
import { solveOnSupport } from "./support_solution.ts";

/** A graph and its objective. */
export interface GraphSolution {
  readonly estimate: GraphEstimate;
  readonly objective: number;
}

/** Whether a solution is better than another by more than rounding, so that no way to compute them decides. */
export function improves(next: GraphSolution, { objective }: GraphSolution): boolean {
  return next.objective < objective - 1e-9 * (1 + Math.abs(objective));
}

/** Limits of the descents, and what they have used. */
export interface GraphBudget {
  readonly run: Run;
  /** Sum of squared steps, weighed by curvature, at which a descent has converged. */
  readonly tolerance: number;
  readonly sweepLimit: number;
  sweeps: number;
  /** Objective after each descent that was kept. */
  readonly trace: number[];
  /** Set once a limit has ended a descent early. */
  ended?: "iteration-limit" | "time-limit";
}

/** Multiply-adds of a descent between two checkpoints. */
const workPerCall = 1.5e7;

/** Sweeps that take as long as what the first call gathers besides, and fewest of a call. */
const loadingSweeps = 4, fewestSweeps = 2;

/** Sweeps after which a descent crawls. */
export const crawlingFrom = 100;

/**
 * Coordinate descent on the penalty itself over the edges of a point alone. Where sweeps crawl, because variables are nearly
 * collinear, the minimum over the edges that are left is solved for, and the descent goes on from there.
 */
export async function descendOn(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphPoint,
  budget: GraphBudget,
  tolerance = budget.tolerance,
): Promise<GraphSolution> {
  const { rules, vertices } = problem;
  // Where solving does not help, as where rounding hides the minimum, ever fewer systems are tried.
  let crawling = crawlingFrom;
  for (let point: GraphPoint | undefined = start;; crawling *= 2) {
    const begin: GraphPoint = point;
    const kinds = Uint8Array.from(
      begin.values,
      (_, e) => rules.isRequired(begin.ends[2 * e], begin.ends[2 * e + 1]) ? penaltyKinds.kept : penaltyKinds.counted,
    );
    const affordable = Math.floor(workPerCall / Math.max(1, problem.sweepWork(degreesOf(begin.ends, vertices))));
    let limit = Math.min(
      crawling,
      Math.max(fewestSweeps, affordable - loadingSweeps),
      budget.sweepLimit - budget.sweeps,
    );
    let made = 0, estimate: GraphEstimate, isDone: boolean;
    for (let from: GraphPoint | undefined = begin;; from = undefined) {
      const descent = await problem.descend({ point: from, kinds, penalty, sweeps: limit, tolerance });
      estimate = descent.estimate;
      made += descent.sweeps;
      budget.sweeps += descent.sweeps;
      isDone = descent.sweeps < limit;
      if (budget.sweeps >= budget.sweepLimit) budget.ended ??= "iteration-limit";
      const objective = graphObjective(problem, penalty, estimate);
      const state = { stage: "descent", fraction: 0, iteration: budget.sweeps, objective };
      if (await budget.run.checkpoint(state)) budget.ended ??= "time-limit";
      if (isDone || budget.ended) return { estimate: withoutZeros(estimate, rules), objective };
      if (made >= crawling) break;
      limit = Math.min(Math.max(fewestSweeps, affordable), crawling - made, budget.sweepLimit - budget.sweeps);
    }
    const left: GraphEstimate = withoutZeros(estimate, rules);
    point = await solveOnSupport(problem, penalty, left) ?? left;
  }
}

/**
 * Coordinate descent on the penalty itself: edges that would gain join, the most improving first, until no edge that enters or
 * leaves improves the objective. With `order`, those that join are taken in random order: another descent.
 */
export async function graphDescent(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphPoint,
  budget: GraphBudget,
  order?: Random,
): Promise<GraphSolution> {
  // While edges join, a sweep that gains a thousandth of the price of one edge is enough.
  const rough = Math.max(budget.tolerance, 1e-3 * penalty.lambda0);
  let precise = false;
  let solution = await descendOn(problem, penalty, start, budget, rough);
  while (!budget.ended) {
    const most = Math.max(problem.vertices, solution.estimate.values.length >> 2);
    const { edges, improving } = await enteringEdges(problem, penalty, solution.estimate, most);
    if (improving === 0 && precise) break;
    precise ||= improving === 0;
    const joined = improving === 0 ? [] : edges;
    if (order) shuffle(joined, order);
    const longer = withEdges(solution.estimate, joined);
    const next = await descendOn(problem, penalty, longer, budget, precise ? budget.tolerance : rough);
    if (!(next.objective < solution.objective)) break;
    solution = next;
  }
  budget.trace.push(solution.objective);
  return solution;
}

/** Descent, then swaps of edges that share a vertex, each pass followed by a descent, while they improve. */
export async function graphLocalSearch(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphPoint,
  budget: GraphBudget,
  order?: Random,
): Promise<GraphSolution> {
  let solution = await graphDescent(problem, penalty, start, budget, order);
  while (!budget.ended) {
    const swapped = await swapEdges(problem, penalty, solution.estimate);
    if (swapped === undefined) break;
    const next = await graphDescent(problem, penalty, swapped, budget);
    if (!(next.objective < solution.objective * (1 - 1e-13 * Math.sign(solution.objective)))) break;
    solution = next;
  }
  return solution;
}

/** A change to one edge: its ends, the new value, and the edge of `estimate` that leaves for it. */
interface Swap {
  readonly i: number;
  readonly j: number;
  readonly value: number;
  readonly leaving: number;
}

/**
 * One pass of swaps: each edge `{i, j}` is offered against the best absent edge `{i, k}`. An entry `t_ij` occurs only in the
 * terms of `i` and `j`, so swaps that share no vertex add their gains exactly: all such are made at once, best first.
 */
async function swapEdges(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  estimate: GraphEstimate,
): Promise<GraphPoint | undefined> {
  const { rules } = problem, current = await evaluate(problem, estimate, penalty);
  const { ends, values, diagonal } = current;
  const { starts, neighbours, incident, gains, targets, along } = await problem.bestSwaps(current, penalty);
  const swaps: (Swap & { gain: number; other: number })[] = [];
  for (let i = 0; i < problem.vertices; i++) {
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      if (gains[at] === 0 || rules.isRequired(i, neighbours[at])) continue;
      checkTarget(targets[at], i, neighbours.subarray(starts[i], starts[i + 1]), problem.vertices);
      if (rules.isForbidden(i, targets[at])) continue;
      const curvature = curvatureAt(problem, current, i, targets[at]);
      const size = Math.min(Math.abs(along[at]) / (curvature + 2 * penalty.lambda2), penalty.bound);
      const value = -Math.sign(along[at]) * size;
      swaps.push({ i, j: targets[at], value, leaving: incident[at], other: neighbours[at], gain: gains[at] });
    }
  }
  swaps.sort((a, b) => b.gain - a.gain || a.leaving - b.leaving);
  const touched = new Set<number>(), chosen: Swap[] = [];
  for (const swap of swaps) {
    const corners = [swap.i, swap.j, swap.other];
    if (corners.some((vertex) => touched.has(vertex))) continue;
    corners.forEach((vertex) => touched.add(vertex));
    chosen.push(swap);
  }
  if (chosen.length === 0) return undefined;
  const left = new Set(chosen.map(({ leaving }) => leaving));
  return {
    ends: [
      ...ends.filter((_, at) => !left.has(at >> 1)),
      ...chosen.flatMap(({ i, j }) => [Math.min(i, j), Math.max(i, j)]),
    ],
    values: [...values.filter((_, e) => !left.has(e)), ...chosen.map(({ value }) => value)],
    diagonal,
  };
}

/** An edge moves to a vertex that is not yet a neighbour. @throws {BackendError} for others */
function checkTarget(target: number, i: number, neighbours: Uint32Array, vertices: number): void {
  if (target < vertices && target !== i && !neighbours.includes(target)) return;
  throw distrust(`they swap an edge of vertex ${i} for one to vertex ${target}`);
}

/** A gain that may be a rounding error: it would let an edge in and out forever. */
export const roundingGain = 1e-10;

/** Share of `lambda0` by which an absent edge may fall short of a gain and still take part in a descent as a zero edge. */
const watchedLoss = 0.1;

/** Edges that are held while the best are looked for, as a multiple of those that are wanted. */
const heldAtOnce = 4;

/**
 * Ends of the absent edges that would gain, the most improving first, then of those that nearly would, `most` in all: as zero
 * edges of a descent they enter once their neighbours have moved, which saves most of the passes over all edges.
 */
async function enteringEdges(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  estimate: GraphEstimate,
  most: number,
): Promise<{ edges: [number, number][]; improving: number }> {
  const isPresent = presenceOf(estimate), least = -watchedLoss * penalty.lambda0;
  const limits = leastDerivatives(problem, penalty, estimate, () => penalty.lambda0 + least);
  let improving = 0, found: EnteringEdge[] = [], floor = -Infinity;
  await problem.derivativesAbove(limits, (derivative, i, j) => {
    const gain = entryGain(curvatureAt(problem, estimate, i, j), derivative, penalty);
    if (!(gain > Math.min(least, roundingGain)) || isPresent(i, j) || problem.rules.isForbidden(i, j)) return;
    if (gain > roundingGain) improving++;
    if (gain <= floor) return;
    found.push({ i, j, gain });
    if (found.length < heldAtOnce * most) return;
    found = bestFirst(found).slice(0, most);
    floor = found[most - 1].gain;
  });
  return { edges: bestFirst(found).slice(0, most).map(({ i, j }) => [i, j]), improving };
}

interface EnteringEdge {
  readonly i: number;
  readonly j: number;
  readonly gain: number;
}

/** Of equal ones, the first. */
function bestFirst(edges: EnteringEdge[]): EnteringEdge[] {
  return edges.sort((a, b) => b.gain - a.gain);
}

/** A derivative up to which no edge to a later vertex gains: a gain is at most `derivative^2 / (2 (curvature + 2 lambda2)) - lambda0`. */
export function leastDerivatives(
  { variances }: Pseudolikelihood,
  { lambda2 }: L0Penalty,
  { diagonal }: GraphEstimate,
  lambda0: () => number,
): (i: number) => number {
  const curvatures = leastCurvatures(variances, diagonal);
  return (i) => (1 - 1e-12) * Math.sqrt(2 * lambda0() * (curvatures[i] + 2 * lambda2));
}

/** Whether an edge, its lower end first, is among those of an estimate; for questions row by row. */
export function presenceOf({ ends, diagonal }: GraphEstimate): (i: number, j: number) => boolean {
  const { starts, neighbours } = adjacencyOf(ends, diagonal.length);
  const marks = new Int32Array(diagonal.length).fill(-1);
  let row = -1;
  return (i, j) => {
    if (i !== row) { for (let at = starts[row = i]; at < starts[i + 1]; at++) marks[neighbours[at]] = i; }
    return marks[j] === i;
  };
}

function withEdges({ ends, values, diagonal }: GraphEstimate, joined: readonly [number, number][]): GraphPoint {
  const longer = {
    ends: new Uint32Array(ends.length + 2 * joined.length),
    values: new Float64Array(values.length + joined.length),
  };
  longer.ends.set(ends);
  longer.ends.set(joined.flat(), ends.length);
  longer.values.set(values);
  return { ...longer, diagonal };
}

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
