import type { Random } from "../core/random.ts";

/** What a search over a pool of solutions needs to know of them. */
export interface PoolSearch<Solution extends { readonly objective: number }> {
  /** Ways to leave a good solution, taken in turn; each is given a second one, and leads to a solution by search. */
  readonly ways: readonly ((one: Solution, other: Solution) => Promise<Solution>)[];
  /** What tells solutions apart. */
  keyOf(solution: Solution): string;
  /** Whether a solution is better than another by more than rounding. */
  improves(next: Solution, best: Solution): boolean;
  /** Is told of every solution that is better than all before. */
  onBetter(best: Solution): void;
  /** Whether a limit has been reached. */
  hasEnded(): boolean;
  /** Rounds without a better solution after which the search ends, and rounds at most. */
  readonly patience: number;
  readonly mostRounds: number;
  readonly random: Random;
}

/** Good solutions that are kept, and the factor by which a price goes up or down at most. */
const mostKept = 8, priceRange = 8;

/** A price to leave a solution by: what is best there is denser or sparser (strategic oscillation, Glover 1977). */
export function otherPrice(lambda0: number, random: Random): number {
  return lambda0 * priceRange ** (2 * random.uniform() - 1);
}

/**
 * Iterated local search over a pool of good solutions: a round leaves one of them by one of several ways, in turn, and a
 * search goes on from there.
 */
export async function searchPool<Solution extends { readonly objective: number }>(
  start: Solution,
  { ways, keyOf, improves, onBetter, hasEnded, patience, mostRounds, random }: PoolSearch<Solution>,
): Promise<Solution> {
  const seen = new Set([keyOf(start)]), kept = [start];
  let best = start;
  for (let round = 0, last = 0; round < mostRounds && round - last <= patience && !hasEnded(); round++) {
    const one = kept[random.integer(kept.length)], other = kept[random.integer(kept.length)];
    const found = await ways[round % ways.length](one, other), key = keyOf(found);
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push(found);
    kept.sort((a, b) => a.objective - b.objective).splice(mostKept);
    if (!improves(found, best)) continue;
    best = found;
    last = round;
    onBetter(best);
  }
  return best;
}
