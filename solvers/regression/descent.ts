import { inSteps } from "../core/steps.ts";
import { entryGain, penaltyKinds } from "../l0/penalty.ts";
import { compact, type Estimate, type LeastSquares, loss, type SparseStart } from "./least_squares.ts";
import { bestMove } from "./moves.ts";
import { solveSupport } from "../l0/support_solution.ts";
import { leastGain, pause, priceOf, type Solution, type Task } from "./task.ts";
import { solveByView, viewFrom } from "./views.ts";

/** Sweeps after which a descent that has not converged is ended by a direct solve on its support. */
const crawlingSweeps = 100;

/** Multiply-adds of a descent between two checkpoints, and the fewest sweeps that are worth a call. */
const workPerCall = 5e7, fewestSweeps = 5;

/**
 * Coordinate descent on the penalty itself over the given features alone. Where columns are so much alike that sweeps
 * crawl, the least-squares solution on the support takes their place; sweeps then go on until no feature leaves.
 */
export async function descendOn(task: Task, start: SparseStart): Promise<Solution> {
  const { problem, penalty, budget } = task, { constraints } = problem;
  const tolerance = budget.tolerance * problem.nullLoss;
  let { features, coefficients }: SparseStart = start;
  for (let best = Infinity, made = 0;;) {
    const active = Array.from(features), affordable = Math.floor(workPerCall / problem.sweepWork(active.length));
    const limit = Math.min(
      Math.max(fewestSweeps, affordable),
      crawlingSweeps - made,
      budget.sweepLimit - budget.sweeps,
    );
    const { estimate, sweeps } = await problem.descend({
      features: active,
      kinds: Uint8Array.from(active, (j) => constraints.isAlways[j] ? penaltyKinds.kept : penaltyKinds.counted),
      coefficients,
      penalty,
      sweeps: limit,
      tolerance,
    });
    budget.sweeps += sweeps;
    if (budget.sweeps >= budget.sweepLimit) budget.ended ??= "iteration-limit";
    const objective = loss(problem, estimate) + priceOf(task, estimate);
    await pause(task, "descent", objective);
    const solution = { estimate: compact(constraints, estimate), objective };
    if (sweeps < limit || budget.ended) return solution;
    made += sweeps;
    if (made < crawlingSweeps) {
      ({ features, coefficients } = estimate);
      continue;
    }
    made = 0;
    const solved = await solveOn(task, solution.estimate.features);
    // Rounding alone moves what is as good as the sweeps can have it.
    if (!(Math.min(objective, solved.objective) < best - 1e-13 * problem.nullLoss)) {
      return solved.objective < objective ? solved : solution;
    }
    best = Math.min(objective, solved.objective);
    ({ features, coefficients } = (solved.objective < objective ? solved : solution).estimate);
  }
}

/** The least-squares solution on a support within the bounds. */
interface SupportEstimate {
  readonly estimate: Estimate;
  /** `||y - X b||^2 / 2`. */
  readonly loss: number;
  /** Features that depend on others, which are left out. */
  readonly dependent: readonly number[];
}

/** The latest direct solves of each problem: an answer ends on the support that a move has led to. */
const latest = new WeakMap<LeastSquares, Map<string, SupportEstimate>>(), mostKept = 4;

/** The least-squares solution on a support within the bounds; features that depend on others are left out. */
export async function solveOn(
  task: Task,
  support: readonly number[],
): Promise<Solution & Pick<SupportEstimate, "dependent">> {
  const { problem, penalty: { lambda2 } } = task, key = `${lambda2}:${support}`;
  let known = latest.get(problem);
  if (known === undefined) latest.set(problem, known = new Map());
  const solved = known.get(key) ?? await solveSupportOf(task, support);
  // What the time has cut short is not kept.
  if (task.budget.ended !== "time-limit") {
    known.delete(key);
    known.set(key, solved);
    if (known.size > mostKept) known.delete(known.keys().next().value!);
  }
  const { estimate, loss, dependent } = solved;
  return { estimate, objective: loss + priceOf(task, estimate), dependent };
}

async function solveSupportOf(task: Task, support: readonly number[]): Promise<SupportEstimate> {
  const { problem, penalty } = task, { lower, upper } = problem.constraints;
  // With a ridge, rounding would give zero columns coefficients.
  const usable = support.filter((j) => problem.squaredNorms[j] > 0);
  const { coefficients, loss: residualLoss, dependent } = await solveSupport({
    ...await problem.supportData(usable),
    lambda2: penalty.lambda2,
    lower: Float64Array.from(usable, (j) => lower[j]),
    upper: Float64Array.from(usable, (j) => upper[j]),
  }, () => pause(task, "support"));
  const features = [...usable, ...support.filter((j) => !(problem.squaredNorms[j] > 0))];
  const padded = new Float64Array(features.length);
  padded.set(coefficients);
  const estimate = compact(problem.constraints, await problem.estimate(features, padded));
  // From the residual: the correlations of large coefficients cancel.
  return { estimate, loss: residualLoss, dependent: dependent.map((k) => usable[k]) };
}

/** A start that holds the features which are always in the support, and of the others as many as there may be: the largest. */
function completed({ problem, size }: Task, { features, coefficients }: SparseStart): SparseStart {
  const { squaredNorms, constraints: { always, isAlways } } = problem;
  const inside = new Set(Array.from(features)), missing = always.filter((feature) => !inside.has(feature));
  let places = Array.from(features, (_, k) => k);
  if (places.length + missing.length > size) {
    const magnitude = (k: number) =>
      isAlways[features[k]] ? Infinity : Math.abs(coefficients[k]) * Math.sqrt(squaredNorms[features[k]]);
    places = places.sort((k, l) => magnitude(l) === magnitude(k) ? k - l : magnitude(l) - magnitude(k))
      .slice(0, size - missing.length);
  }
  return {
    features: [...places.map((k) => features[k]), ...missing],
    coefficients: [...places.map((k) => coefficients[k]), ...missing.map(() => 0)],
  };
}

/**
 * Coordinate descent on the penalty itself: the features that would gain most join a few at a time, until no feature
 * that enters or leaves the support improves the objective.
 */
export async function coordinateDescent(task: Task, start: SparseStart): Promise<Solution> {
  const { budget, size } = task;
  let solution = await descendOn(task, completed(task, start));
  while (!budget.ended) {
    const { features, coefficients } = solution.estimate;
    const joined = entrants(
      task,
      solution.estimate,
      Math.min(size - features.length, Math.max(1, features.length >> 2)),
    );
    if (joined.length === 0) break;
    const next = await descendOn(task, {
      features: [...features, ...joined],
      coefficients: [...coefficients, ...joined.map(() => 0)],
    });
    if (!(next.objective < solution.objective)) break;
    solution = next;
  }
  budget.trace.push(solution.objective);
  return solution;
}

/** Descent, then moves. */
export async function localSearch(task: Task, start: SparseStart): Promise<Solution> {
  return await improveByMoves(task, await coordinateDescent(task, start));
}

/**
 * A feature enters, one leaves, or one takes another's place, whichever gains most with all other coefficients fitted
 * again, while any does.
 */
export async function improveByMoves(task: Task, start: Solution): Promise<Solution> {
  const { problem, budget } = task, least = leastGain * problem.nullLoss;
  let solution = start;
  while (!budget.ended) {
    const next = await moved(task, solution, least);
    if (next === undefined) break;
    solution = next;
    budget.trace.push(solution.objective);
    await pause(task, "moves", solution.objective);
  }
  return solution;
}

async function moved(task: Task, { estimate, objective }: Solution, least: number): Promise<Solution | undefined> {
  const view = await viewFrom(task, estimate);
  // Bounds may forbid what a move promises; then the next best is tried.
  for (const { leaving, entering } of await inSteps(bestMove(view, task, least), () => pause(task, "moves"))) {
    const support = estimate.features.filter((feature) => feature !== leaving);
    if (entering >= 0) support.push(entering);
    const solved = await solveByView(task, support) ?? await solveOn(task, support);
    if (solved.objective < objective - least) return solved;
    if (task.budget.ended) return undefined;
  }
  return undefined;
}

/** Features outside the support that would gain, the most improving first, and no more than `most`. */
function entrants({ problem, penalty }: Task, { features, correlations }: Estimate, most: number): number[] {
  const { squaredNorms, constraints: { lower, upper } } = problem;
  const inside = new Set(features), found: { readonly feature: number; readonly gain: number }[] = [];
  if (most <= 0) return [];
  let least = leastGain * problem.nullLoss;
  for (let j = 0; j < problem.features; j++) {
    const bound = correlations[j] > 0 ? upper[j] : -lower[j];
    const gain = entryGain(squaredNorms[j], correlations[j], penalty, bound);
    if (!(gain > least) || inside.has(j)) continue;
    let place = found.length;
    while (place > 0 && found[place - 1].gain < gain) place--;
    found.splice(place, 0, { feature: j, gain });
    if (found.length > most) found.pop();
    if (found.length === most) least = Math.max(least, found[most - 1].gain);
  }
  return found.map(({ feature }) => feature);
}
