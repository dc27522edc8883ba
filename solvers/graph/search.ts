import type { L0Penalty } from "../l0/penalty.ts";
import type { Random } from "../core/random.ts";
import { type GraphBudget, graphLocalSearch, type GraphSolution, improves } from "./descent.ts";
import { refitSearch } from "./moves.ts";
import { perturbedSearch, type WayDown } from "./perturbation.ts";
import {
  edgesKey,
  emptyGraph,
  evaluate,
  graphObjective,
  type GraphPoint,
  type Pseudolikelihood,
} from "./pseudolikelihood.ts";
import { solveOnSupport } from "./support_solution.ts";

/** How much is searched. */
export interface SearchEffort {
  /** Descents from random orders besides the greedy one. */
  readonly randomStarts: number;
  /** Restarts from the best graph without some of its edges. */
  readonly perturbations: number;
  /** Multiply-adds after which moves with refits are left out. */
  readonly refitWork: number;
}

/** Variables up to which moves are judged with all other entries fitted again. */
const refitsUpTo = 64;

/**
 * The best graph that descents, swaps, moves with refits, random starts and perturbations find. Its gradient along its edges
 * is zero to rounding, wherever {@linkcode solveOnSupport} serves.
 */
export async function searchGraph(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphPoint,
  budget: GraphBudget,
  random: Random,
  { randomStarts, perturbations, refitWork }: SearchEffort,
): Promise<GraphSolution> {
  let workLeft = refitWork;
  const isSmall = problem.vertices <= refitsUpTo, spend = (work: number) => (workLeft -= work) >= 0;
  /** What moves have made of each graph: most ways down end where another one has. */
  const known = new Map<string, GraphSolution>();
  const moved = async (solution: GraphSolution, on: GraphBudget) => {
    const key = edgesKey(solution.estimate), before = known.get(key);
    if (before) return before;
    const result = await refitted(problem, penalty, solution, on, spend);
    if (!on.ended) known.set(key, result).set(edgesKey(result.estimate), result);
    return result;
  };
  const searchFrom = async (from: GraphPoint, on: GraphBudget, order?: Random, prices = penalty) => {
    const solution = await graphLocalSearch(problem, prices, from, on, order);
    if (!isSmall) return solution;
    const isAlone = prices !== penalty || randomStarts + perturbations === 0;
    return isAlone ? refitted(problem, prices, solution, on, spend) : moved(solution, on);
  };
  /** Another way down, whose trace is its own. */
  const search: WayDown = async (from, order, prices) => {
    const trial = { ...budget, trace: [] }, solution = await searchFrom(from, trial, order, prices);
    budget.sweeps = trial.sweeps;
    budget.ended = trial.ended;
    return solution;
  };
  let best = await searchFrom(start, budget);
  for (let k = 0; k < randomStarts && !budget.ended; k++) {
    const other = await search(emptyGraph(problem), random);
    if (!improves(other, best)) continue;
    best = other;
    budget.trace.push(best.objective);
  }
  best = await perturbedSearch(problem, penalty, best, budget, random, perturbations, search);
  return isSmall ? best : await refitted(problem, penalty, best, budget, spend);
}

/**
 * A solution, with moves that are judged with all else fitted again where the graph is small and `spend` grants their work;
 * elsewhere at the minimum over its own edges.
 */
export async function refitted(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  solution: GraphSolution,
  budget: GraphBudget,
  spend: (work: number) => boolean,
): Promise<GraphSolution> {
  if (budget.ended) return solution;
  const point = problem.vertices <= refitsUpTo
    ? await refitSearch(problem, penalty, { point: solution.estimate, ...solution }, async (objective, work) => {
      const state = { stage: "moves", fraction: 0, iteration: budget.sweeps, objective };
      if (await budget.run.checkpoint(state)) budget.ended ??= "time-limit";
      return budget.ended === undefined && spend(work);
    })
    : await solveOnSupport(problem, penalty, solution.estimate);
  if (point === undefined) return solution;
  const estimate = await evaluate(problem, point, penalty), objective = graphObjective(problem, penalty, estimate);
  if (!(objective <= solution.objective + 1e-12 * (1 + Math.abs(solution.objective)))) return solution;
  if (objective < solution.objective) budget.trace.push(objective);
  return { estimate, objective };
}
