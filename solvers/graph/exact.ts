import type { L0Penalty } from "../branch_and_bound/perspective.ts";
import { branchAndBound, type SearchOptions, type SearchOutcome, type Tree } from "../branch_and_bound/search.ts";
import { descendOn, type GraphBudget, graphDescent, type GraphSolution } from "./descent.ts";
import { edgeNumber, type Pseudolikelihood, withoutZeros } from "./pseudolikelihood.ts";
import { fractionalEdges, type GraphStart, relaxGraph, screenEdges, startOfNode } from "./relaxation.ts";

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
  let best = start;

  function startOfBest(): GraphStart {
    const { ends, values, diagonal } = best.estimate;
    return {
      edges: Array.from(values, (_, e) => edgeNumber(ends[2 * e], ends[2 * e + 1], vertices)),
      values,
      diagonal,
    };
  }

  const tree: Tree<GraphStart> = {
    variables: vertices * (vertices - 1) / 2,
    incumbent: () => best.objective,
    async relax(statuses, from) {
      const relaxed = await relaxGraph(
        problem,
        penalty,
        statuses,
        from ?? startOfBest(),
        best.objective,
        options.run,
      );
      const { bound, complete } = relaxed;
      // Screening reads the slopes of the relaxation, before another descent replaces them.
      const fixings = bound < best.objective && complete
        ? await screenEdges(problem, penalty, statuses, bound, best.objective)
        : [];
      if (bound < best.objective) await improve(relaxed.estimate);
      return {
        bound,
        complete,
        candidates: fractionalEdges(penalty, statuses, relaxed),
        fixings,
        start: startOfNode(relaxed),
      };
    },
  };

  async function improve(from: GraphSolution["estimate"]): Promise<void> {
    const local = { ...budget, sweeps: 0, trace: [] };
    const solution = await descendOn(problem, penalty, withoutZeros(from), local);
    if (!(solution.objective < best.objective)) return;
    best = await graphDescent(problem, penalty, solution.estimate, local);
    budget.trace.push(best.objective);
  }

  const outcome = await branchAndBound(tree, options);
  return { ...best, ...outcome };
}
