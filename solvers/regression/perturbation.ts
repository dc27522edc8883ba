import { createRandom, type Random } from "../core/random.ts";
import { l0Penalty } from "../l0/penalty.ts";
import { otherPrice, searchPool } from "../l0/pool_search.ts";
import { improveByMoves, solveOn } from "./descent.ts";
import { keyOf, leastGain, type Solution, type Task } from "./task.ts";

/** Rounds without a better support after which the search ends, and rounds at most. */
const patience = 60, mostRounds = 240;

/** The most of a support that is replaced, as a share; the part of two supports together that a limited size may take. */
const mostReplaced = 0.7, shareOfBoth = 0.6;

/**
 * Searches on from a pool of good supports: random features take the place of some of its own; it is joined with another one;
 * or moves at another price make it denser or sparser first. The last two find their way where many features must change
 * together, as they must where all are alike.
 */
export function perturbedSearch(task: Task, start: Solution): Promise<Solution> {
  const { problem, budget } = task, random = createRandom(0), least = leastGain * problem.nullLoss;
  const ways = task.size < problem.features ? [replaced, joined] : [replaced, joined, repriced];
  return searchPool(start, {
    ways: ways.map((way) => async (one: Solution, other: Solution) => {
      const aside = { ...task, budget: { ...budget, trace: [] } };
      const found = await improveByMoves(aside, await solveOn(aside, await way(aside, one, other, random)));
      budget.sweeps = aside.budget.sweeps;
      budget.ended = aside.budget.ended;
      return found;
    }),
    keyOf: ({ estimate }) => keyOf(estimate.features),
    improves: (next, best) => next.objective < best.objective - least,
    onBetter: ({ objective }) => void budget.trace.push(objective),
    hasEnded: () => budget.ended !== undefined,
    patience,
    mostRounds,
    random,
  });
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
  const { lambda0, lambda2, bound } = task.penalty;
  const other = { ...task, penalty: l0Penalty(otherPrice(lambda0, random), lambda2, bound) };
  return (await improveByMoves(other, await solveOn(other, estimate.features))).estimate.features;
}
