import { createRandom, type Random } from "../core/random.ts";
import { l0Penalty } from "../l0/penalty.ts";
import { improveByMoves, solveOn } from "./descent.ts";
import { keyOf, leastGain, type Solution, type Task } from "./task.ts";

/** Good supports that are kept, rounds without a better one after which the search ends, and rounds at most. */
const mostKept = 8, patience = 60, mostRounds = 240;

/** The most of a support that is replaced, as a share; the part of two supports together that a limited size may take. */
const mostReplaced = 0.7, shareOfBoth = 0.6;

/** Factor by which the price goes up or down at most. */
const priceRange = 8;

/**
 * Iterated local search over a pool of good supports: a round leaves one of them by one of three ways, in turn, and moves go
 * on from there. Random features take the place of some of its own; it is joined with another one; or moves at another
 * price make it denser or sparser first (strategic oscillation, Glover 1977). The last two find their way where many
 * features must change together, as they must where all are alike.
 */
export async function perturbedSearch(task: Task, start: Solution): Promise<Solution> {
  const { problem, budget } = task, random = createRandom(0), least = leastGain * problem.nullLoss;
  const ways = task.size < problem.features ? [replaced, joined] : [replaced, joined, repriced];
  const seen = new Set([keyOf(start)]), kept: Solution[] = [start];
  let best = start;
  for (let round = 0, last = 0; round < mostRounds && round - last <= patience && !budget.ended; round++) {
    const aside = { ...task, budget: { ...budget, trace: [] } }, way = ways[round % ways.length];
    const from = await way(aside, kept[random.integer(kept.length)], kept[random.integer(kept.length)], random);
    const found = await improveByMoves(aside, await solveOn(aside, from));
    budget.sweeps = aside.budget.sweeps;
    budget.ended = aside.budget.ended;
    if (seen.has(keyOf(found))) continue;
    seen.add(keyOf(found));
    kept.push(found);
    kept.sort((a, b) => a.objective - b.objective).splice(mostKept);
    if (!(found.objective < best.objective - least)) continue;
    best = found;
    last = round;
    budget.trace.push(best.objective);
  }
  return best;
}

/** Random features take the place of some of a support, sometimes those that left. */
function replaced({ problem, size }: Task, { estimate }: Solution, _: Solution, random: Random): number[] {
  const { features } = estimate, { isAlways } = problem.constraints, share = mostReplaced * random.uniform();
  const support = features.filter((feature) => isAlways[feature] || random.uniform() >= share);
  for (let left = features.length - support.length; left > 0 && support.length < size; left--) {
    const feature = random.integer(problem.features);
    if (!support.includes(feature)) support.push(feature);
  }
  return support;
}

/** What is in either of two supports, or a random part of it that is no larger than may be. */
function joined({ problem, size }: Task, one: Solution, other: Solution, random: Random): number[] {
  const both = [...new Set([...one.estimate.features, ...other.estimate.features])];
  if (both.length <= size) return both;
  const { always, isAlways } = problem.constraints;
  const part = both.filter((feature) => !isAlways[feature] && random.uniform() < shareOfBoth);
  return [...always, ...part.slice(0, size - always.length)];
}

/** What moves make of a support at another price. */
async function repriced(task: Task, { estimate }: Solution, _: Solution, random: Random): Promise<readonly number[]> {
  const { lambda0, lambda2, bound } = task.penalty, factor = priceRange ** (2 * random.uniform() - 1);
  const other = { ...task, penalty: l0Penalty(factor * lambda0, lambda2, bound) };
  return (await improveByMoves(other, await solveOn(other, estimate.features))).estimate.features;
}
