import { entryGain, type L0Penalty, penaltyKinds } from "../branch_and_bound/perspective.ts";
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
import { eachSlope } from "./relaxation.ts";

/** A graph and its objective. */
export interface GraphSolution {
  readonly estimate: GraphEstimate;
  readonly objective: number;
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

const sweepsPerCall = 200;

/** Coordinate descent on the penalty itself over the edges of a point alone. */
export async function descendOn(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphPoint,
  budget: GraphBudget,
): Promise<GraphSolution> {
  const kinds = new Uint8Array(start.values.length).fill(penaltyKinds.counted);
  for (let point = start;;) {
    const limit = Math.min(sweepsPerCall, budget.sweepLimit - budget.sweeps);
    const { tolerance } = budget;
    const { estimate, sweeps } = await problem.descend({ point, kinds, penalty, sweeps: limit, tolerance });
    point = estimate;
    budget.sweeps += sweeps;
    if (budget.sweeps >= budget.sweepLimit) budget.ended ??= "iteration-limit";
    const objective = graphObjective(penalty, estimate);
    const state = { stage: "descent", fraction: 0, iteration: budget.sweeps, objective };
    if (await budget.run.checkpoint(state)) budget.ended ??= "time-limit";
    if (sweeps < limit || budget.ended) return { estimate: withoutZeros(estimate), objective };
  }
}

/**
 * Coordinate descent on the penalty itself: edges that would gain join, the most gainful first, until no edge can enter or
 * leave to advantage. With `random`, those that join are taken in random order: another way down.
 */
export async function graphDescent(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphPoint,
  budget: GraphBudget,
  random?: Random,
): Promise<GraphSolution> {
  let solution = await descendOn(problem, penalty, start, budget);
  while (!budget.ended) {
    const entering = await gainfulEdges(problem, penalty, solution.estimate);
    if (entering.length === 0) break;
    const joined = entering.slice(0, Math.max(problem.vertices, solution.estimate.values.length >> 2));
    if (random) shuffle(joined, random);
    const next = await descendOn(problem, penalty, withEdges(solution.estimate, joined), budget);
    if (!(next.objective < solution.objective)) break;
    solution = next;
  }
  budget.trace.push(solution.objective);
  return solution;
}

/** Descent, then swaps of edges that share a vertex, each pass followed by a descent, while they pay. */
export async function graphLocalSearch(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphPoint,
  budget: GraphBudget,
  random?: Random,
): Promise<GraphSolution> {
  let solution = await graphDescent(problem, penalty, start, budget, random);
  while (!budget.ended) {
    const swapped = await swapEdges(problem, penalty, solution.estimate);
    if (swapped === undefined) break;
    const next = await graphDescent(problem, penalty, swapped, budget);
    if (!(next.objective < solution.objective * (1 - 1e-13 * Math.sign(solution.objective)))) break;
    solution = next;
  }
  return solution;
}

/** A change to one edge: its ends, the new value, and the edge of `estimate` that makes room for it. */
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
  const { vertices } = problem;
  const { ends, values, diagonal } = await evaluate(problem, estimate, penalty);
  const incident: number[][] = Array.from({ length: vertices }, () => []);
  values.forEach((_, e) => {
    incident[ends[2 * e]].push(e);
    incident[ends[2 * e + 1]].push(e);
  });
  const swaps: (Swap & { gain: number; other: number })[] = [];
  for (let i = 0; i < vertices; i++) {
    if (incident[i].length === 0) continue;
    const slopes = await problem.slopes(i, i + 1);
    const neighbours = new Set(incident[i].map((e) => ends[2 * e] + ends[2 * e + 1] - i));
    for (const e of incident[i]) {
      const j = ends[2 * e] + ends[2 * e + 1] - i;
      const row = await problem.gramRow(j);
      const curvature = curvatureAt(problem, estimate, i, j);
      const least = entryGain(curvature, curvature * values[e] - slopes[j], penalty) + 1e-9;
      let best = { gain: least, k: -1, slope: 0 };
      for (let k = 0; k < vertices; k++) {
        if (k === i || neighbours.has(k)) continue;
        const slope = slopes[k] - 2 * values[e] * row[k] / diagonal[i];
        const gain = entryGain(curvatureAt(problem, estimate, i, k), slope, penalty);
        if (gain > best.gain) best = { gain, k, slope };
      }
      if (best.k < 0) continue;
      const size = Math.min(
        Math.abs(best.slope) / (curvatureAt(problem, estimate, i, best.k) + 2 * penalty.lambda2),
        penalty.bound,
      );
      const value = -Math.sign(best.slope) * size;
      swaps.push({ i, j: best.k, value, leaving: e, other: j, gain: best.gain - least });
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

/** Ends of the absent edges that would gain, the most gainful first. */
async function gainfulEdges(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  estimate: GraphEstimate,
): Promise<[number, number][]> {
  const { vertices } = problem;
  const present = new Set<number>();
  estimate.values.forEach((_, e) => present.add(estimate.ends[2 * e] * vertices + estimate.ends[2 * e + 1]));
  const found: { ends: [number, number]; gain: number }[] = [];
  await eachSlope(problem, (slope, i, j) => {
    const gain = entryGain(curvatureAt(problem, estimate, i, j), slope, penalty);
    // A rounding error above zero is no gain: it would let an edge in and out forever.
    if (gain > 1e-10 && !present.has(i * vertices + j)) found.push({ ends: [i, j], gain });
  });
  return found.sort((a, b) => b.gain - a.gain).map(({ ends }) => ends);
}

function withEdges(point: GraphPoint, joined: readonly [number, number][]): GraphPoint {
  return {
    ends: [...Array.from(point.ends), ...joined.flat()],
    values: [...Array.from(point.values), ...joined.map(() => 0)],
    diagonal: point.diagonal,
  };
}

function shuffle<T>(items: T[], random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
