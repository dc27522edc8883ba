import { type L0Penalty, l0Penalty } from "../branch_and_bound/perspective.ts";
import { branchAndBound, type SearchOptions, type SearchOutcome, type Tree } from "../branch_and_bound/search.ts";
import { coefficientBound } from "./coefficient_bound.ts";
import { descendOn, type DescentBudget, localSearch, type Solution } from "./descent.ts";
import { compact, type LeastSquares } from "./least_squares.ts";
import { fractionalFeatures, relaxRegression, screen, type SparseStart, startOf } from "./relaxation.ts";

/** The best solution found and the proof of how good it is. */
export interface ExactSolution extends Solution, SearchOutcome {}

/**
 * Branch and bound over the support. Every node offers the descent on its relaxed support as a solution; an improvement
 * goes through local search.
 */
export async function solveExactly(
  problem: LeastSquares,
  given: L0Penalty,
  start: SparseStart,
  budget: DescentBudget,
  options: SearchOptions,
): Promise<ExactSolution> {
  let best = await localSearch(problem, given, start, budget);
  const { lambda0, lambda2, bound } = given;
  // Without ridge and bound the relaxation would be plain least squares; no solution is lost to a bound that follows from
  // the incumbent.
  const unbounded = lambda2 === 0 && bound === Infinity;
  const penalty = unbounded ? l0Penalty(lambda0, 0, await coefficientBound(problem, best.objective)) : given;

  const tree: Tree<SparseStart> = {
    variables: problem.features,
    incumbent: () => best.objective,
    async relax(statuses, from) {
      const relaxed = await relaxRegression(
        problem,
        penalty,
        statuses,
        from ?? best.estimate,
        best.objective,
        options.run,
      );
      const { estimate, bound, complete } = relaxed;
      if (bound < best.objective) await improve(startOf(estimate));
      return {
        bound,
        complete,
        candidates: fractionalFeatures(penalty, statuses, estimate),
        fixings: bound < best.objective ? screen(penalty, statuses, relaxed, best.objective) : [],
        start: startOf(estimate),
      };
    },
  };

  async function improve(from: SparseStart): Promise<void> {
    const local = { ...budget, sweeps: 0, trace: [] };
    let solution = await descendOn(problem, penalty, from, local);
    if (!(solution.objective < best.objective)) return;
    solution = await localSearch(problem, penalty, compact(solution.estimate), local);
    best = solution;
    budget.trace.push(best.objective);
  }

  const outcome = await branchAndBound(tree, options);
  return { ...best, ...outcome };
}
