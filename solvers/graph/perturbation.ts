import type { Random } from "../core/random.ts";
import { type L0Penalty, l0Penalty } from "../l0/penalty.ts";
import { otherPrice, type PoolSearch, searchPool } from "../l0/pool_search.ts";
import { type GraphBudget, type GraphSolution, improves } from "./descent.ts";
import { admissible, edgesKey, type GraphPoint, type Pseudolikelihood } from "./pseudolikelihood.ts";

/** The most of a graph's edges that is taken away, as a share. */
const mostRemoved = 0.5;

/** Variables beyond which no search at another price is worth its time: rounds of the others find more. */
const pricesUpTo = 64;

/** Another way down from a point, its edges joining in random order; at another price where one is given. */
export type WayDown = (from: GraphPoint, order: Random, prices?: L0Penalty) => Promise<GraphSolution>;

/**
 * Searches on from a pool of good graphs: without a random part of the edges of one, with those of another, or, of up
 * to 64 variables, from what is best at another price.
 */
export function perturbedSearch(
  { rules, vertices }: Pick<Pseudolikelihood, "rules" | "vertices">,
  { lambda0, lambda2, bound }: L0Penalty,
  start: GraphSolution,
  budget: GraphBudget,
  random: Random,
  rounds: number,
  search: WayDown,
): Promise<GraphSolution> {
  const searchFrom = (from: GraphPoint) => search(admissible(from, rules), random);
  const ways: PoolSearch<GraphSolution>["ways"] = [
    ({ estimate }) => searchFrom(withoutSome(estimate, random)),
    ({ estimate }, other) => searchFrom(joined(estimate, other.estimate)),
    async ({ estimate }) => {
      const prices = l0Penalty(otherPrice(lambda0, random), lambda2, bound);
      return searchFrom((await search(admissible(estimate, rules), random, prices)).estimate);
    },
  ];
  return searchPool(start, {
    ways: vertices > pricesUpTo ? ways.slice(0, 2) : ways,
    keyOf: ({ estimate }) => edgesKey(estimate),
    improves,
    onBetter: ({ objective }) => void budget.trace.push(objective),
    hasEnded: () => budget.ended !== undefined,
    patience: rounds,
    mostRounds: rounds,
    random,
  });
}

function withoutSome({ ends, values, diagonal }: GraphPoint, random: Random): GraphPoint {
  const share = mostRemoved * random.uniform();
  const kept = Array.from(values, (_, e) => e).filter(() => random.uniform() >= share);
  return {
    ends: Uint32Array.from(kept.flatMap((e) => [ends[2 * e], ends[2 * e + 1]])),
    values: Float64Array.from(kept, (e) => values[e]),
    diagonal,
  };
}

/** A graph with the edges of another, at their values there. */
function joined({ ends, values, diagonal }: GraphPoint, other: GraphPoint): GraphPoint {
  const place = (of: GraphPoint, e: number) => of.ends[2 * e] * diagonal.length + of.ends[2 * e + 1];
  const present = new Set(Array.from(values, (_, e) => place({ ends, values, diagonal }, e)));
  const added = Array.from(other.values, (_, e) => e).filter((e) => !present.has(place(other, e)));
  return {
    ends: [...Array.from(ends), ...added.flatMap((e) => [other.ends[2 * e], other.ends[2 * e + 1]])],
    values: [...Array.from(values), ...added.map((e) => other.values[e])],
    diagonal,
  };
}
