import type { Random } from "../core/random.ts";
import { type GraphBudget, type GraphSolution, improves } from "./descent.ts";
import { admissible, type GraphEstimate, type GraphPoint, type Pseudolikelihood } from "./pseudolikelihood.ts";

/** Share of the edges that a perturbation takes away. */
const removedShare = 0.2;

/**
 * Iterated local search: a random part of the edges is taken away and the search goes on from there, its edges joining in
 * random order; the better graph is kept.
 */
export async function perturbedSearch(
  { rules }: Pick<Pseudolikelihood, "rules">,
  start: GraphSolution,
  budget: GraphBudget,
  random: Random,
  rounds: number,
  search: (from: GraphPoint, order: Random) => Promise<GraphSolution>,
): Promise<GraphSolution> {
  let best = start;
  for (let round = 0; round < rounds && !budget.ended && best.estimate.values.length > 0; round++) {
    const next = await search(admissible(withoutSome(best.estimate, random), rules), random);
    if (!improves(next, best)) continue;
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
