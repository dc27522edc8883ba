import type { L0Penalty } from "../branch_and_bound/perspective.ts";
import { branchAndBound, type SearchOptions, type SearchOutcome, type Tree } from "../branch_and_bound/search.ts";
import { descendOn, type GraphBudget, graphDescent, type GraphSolution } from "./descent.ts";
import { edgeNumber, type GraphEstimate, type Pseudolikelihood, withoutZeros } from "./pseudolikelihood.ts";
import { createGraphRelaxation, type GraphStart, startOfNode } from "./relaxation.ts";

/** The best graph found and the proof of how good it is. */
export interface ExactGraph extends GraphSolution, SearchOutcome {}

/**
 * Branch and bound over the edges, from a solution on. Every node offers the descent on its relaxed edges as a solution.
 */
export async function solveGraphExactly(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphSolution,
  budget: GraphBudget,
  options: SearchOptions,
): Promise<ExactGraph> {
  const { vertices } = problem;
  const relax = createGraphRelaxation(problem, penalty, options.run);
  let best = start;

  const tree: Tree<GraphStart> = {
    variables: vertices * (vertices - 1) / 2,
    incumbent: () => best.objective,
    async relax(statuses, from = startOf(best.estimate)) {
      const relaxed = await relax(statuses, from, best.objective);
      const { bound, complete, fixings, fractional } = relaxed;
      if (bound < best.objective) await improve(relaxed.estimate);
      return { bound, complete, fixings, candidates: fractional, start: startOfNode(relaxed) };
    },
  };

  async function improve(from: GraphEstimate): Promise<void> {
    const local = { ...budget, sweeps: 0, trace: [] };
    const solution = await descendOn(problem, penalty, withoutZeros(from), local);
    if (!(solution.objective < best.objective)) return;
    best = await graphDescent(problem, penalty, solution.estimate, local);
    budget.trace.push(best.objective);
  }

  function startOf({ ends, values, diagonal }: GraphEstimate): GraphStart {
    return {
      edges: Array.from(values, (_, e) => edgeNumber(ends[2 * e], ends[2 * e + 1], vertices)),
      values,
      diagonal,
    };
  }

  const outcome = await branchAndBound(tree, options);
  return { ...best, ...outcome };
}
