import { l0Penalty } from "../l0/penalty.ts";
import type { SearchOptions } from "../l0/search.ts";
import { coordinateDescent, improveByMoves, solveOn } from "./descent.ts";
import { type ExactSolution, solveExactly } from "./exact.ts";
import { compact, type SparseStart } from "./least_squares.ts";
import { perturbedSearch } from "./perturbation.ts";
import { bestOfElimination, eliminationOrder, mostEliminated } from "./starts.ts";
import type { Elimination } from "./support_rows.ts";
import { keyOf, leastGain, type Solution, type Task } from "./task.ts";
import { solveByView } from "./views.ts";

/** Shares of the price at which a path toward it begins dense. */
const pathShares = [1 / 64, 1 / 16, 1 / 4];

/** Features up to which a certificate is tried, and the work its nodes may take. */
const mostCertified = 60, certificateWork = 4e8, relaxations = 300;

/** What fits of one problem at several prices share. */
export interface Starts {
  /** The backward elimination from the dense solution; nothing where it is too large, or the time was up. */
  eliminated(task: Task): Promise<Elimination | undefined>;
}

/** Starts that are computed when they are first asked for. */
export function createStarts(): Starts {
  let elimination: Promise<Elimination | undefined> | undefined;
  return {
    eliminated(task) {
      if (task.problem.features > mostEliminated) return Promise.resolve(undefined);
      return elimination ??= eliminationOrder(task.problem, task.penalty.lambda2, () => {
        const state = { stage: "elimination", fraction: 0, iteration: task.budget.sweeps };
        return task.budget.run.checkpoint(state);
      });
    },
  };
}

/**
 * The best of several searches: from the given start, from nothing, along a path from a dense support toward the price,
 * and from the best support of a backward elimination. Along a path the given start and the elimination do; beyond some
 * hundred features the given start alone, or nothing.
 */
async function searchFromStarts(
  task: Task,
  start: SparseStart | undefined,
  starts: Starts,
  onPath = false,
): Promise<Solution> {
  const { problem, penalty, size, budget } = task, empty: SparseStart = { features: [], coefficients: [] };
  const small = problem.features <= mostEliminated;
  const seen = new Set<string>();
  let best: Solution | undefined;
  const search = async (from: Solution) => {
    const key = keyOf(from.estimate.features);
    if (seen.has(key)) return;
    seen.add(key);
    const found = await improveByMoves(task, from);
    seen.add(keyOf(found.estimate.features));
    if (!best || found.objective < best.objective - leastGain * problem.nullLoss) best = found;
  };
  await search(await coordinateDescent(task, start ?? empty));
  if (!small) return best!;
  if (start && !onPath && !budget.ended) await search(await coordinateDescent(task, empty));
  const elimination = budget.ended ? undefined : await starts.eliminated(task);
  if (elimination && !budget.ended) {
    const { always } = problem.constraints;
    const support = [...always, ...bestOfElimination(elimination, penalty.lambda0, size - always.length)];
    if (!seen.has(keyOf(support))) await search(await solveByView(task, support) ?? await solveOn(task, support));
  }
  // Where the size is what is limited, there is no price to go along.
  if (onPath || size < problem.features || penalty.lambda0 === 0) return best!;
  let dense: SparseStart = empty;
  for (const share of pathShares) {
    if (budget.ended) return best!;
    const aside = { ...budget, trace: [] };
    const prices = l0Penalty(share * penalty.lambda0, penalty.lambda2, penalty.bound);
    dense = (await coordinateDescent({ ...task, penalty: prices, budget: aside }, dense)).estimate;
    budget.sweeps = aside.sweeps;
    budget.ended = aside.ended;
  }
  if (!budget.ended) await search(await coordinateDescent(task, dense));
  return best!;
}

/** Nodes after which it pays to look for better solutions around the best; none where there are many features. */
export function affordableNodes({ problem: { features } }: Task): number {
  return features > mostCertified ? Infinity : Math.max(relaxations, Math.ceil(certificateWork / (features + 4) ** 3));
}

/** Searches from several starts, and proves small problems under a budget of nodes: no clock decides. */
export async function solveAutomatically(
  task: Task,
  start: SparseStart | undefined,
  starts: Starts,
  options: SearchOptions,
  certify: boolean,
): Promise<Solution | ExactSolution> {
  const best = await searchFromStarts(task, start, starts, !certify && start !== undefined);
  if (!certify || task.problem.features > mostCertified || task.budget.ended) return best;
  const nodeLimit = Math.min(options.nodeLimit, affordableNodes(task));
  const proved = await solveExactly(task, best, { ...options, nodeLimit });
  // What is not proved is looked at once more from supports nearby; the bound holds whatever is found.
  return proved.status === "node-limit" ? { ...proved, ...await perturbedSearch(task, proved) } : proved;
}

/** A support and coefficients as a start, without zeros. */
export function startOf(task: Task, coefficients: Float64Array): SparseStart {
  const features = Array.from(coefficients.keys());
  return compact(task.problem.constraints, { features, coefficients, correlations: coefficients });
}
