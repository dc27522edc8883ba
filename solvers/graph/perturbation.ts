import type { L0Penalty } from "../l0/penalty.ts";
import type { Random } from "../core/random.ts";
import { type GraphBudget, graphLocalSearch, type GraphSolution } from "./descent.ts";
import type { GraphEstimate, GraphPoint, Pseudolikelihood } from "./pseudolikelihood.ts";

/** Share of the edges that a perturbation takes away. */
const removedShare = 0.2;

/**
 * Iterated local search: a random part of the edges is taken away and the search goes on from there, its edges joining in
 * random order; the better graph is kept.
 */
export async function perturbedSearch(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphSolution,
  budget: GraphBudget,
  random: Random,
  rounds: number,
): Promise<GraphSolution> {
  let best = start;
  for (let round = 0; round < rounds && !budget.ended && best.estimate.values.length > 0; round++) {
    const thinned = withoutSome(best.estimate, random);
    const trial = { ...budget, trace: [] };
    const next = await graphLocalSearch(problem, penalty, thinned, trial, random);
    budget.sweeps = trial.sweeps;
    budget.ended = trial.ended;
    if (!(next.objective < best.objective)) continue;
    best = next;
    budget.trace.push(best.objective);
  }
  return best;
}

function withoutSome({ ends, values, diagonal }: GraphEstimate, random: Random): GraphPoint {
  const kept = Array.from(values, (_, e) => e).filter(() => random.uniform() >= removedShare);
  return {
    ends: Uint32Array.from(kept.flatMap((e) => [ends[2 * e], ends[2 * e + 1]])),
    values: Float64Array.from(kept, (e) => values[e]),
    diagonal,
  };
}
