import type { NodeStart, SolvedNode } from "../l0/node_batch.ts";
import { type L0Penalty, l0Penalty } from "../l0/penalty.ts";
import { branchAndBound, nodesTogether, type SearchOptions, type SearchOutcome, type Tree } from "../l0/search.ts";
import { coefficientBound } from "./coefficient_bound.ts";
import { descendOn, type DescentBudget, localSearch, type Solution } from "./descent.ts";
import type { LeastSquares, SparseStart } from "./least_squares.ts";

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
  const nodes = problem.openNodes(penalty, options);

  const tree: Tree<NodeStart> = {
    batch: nodesTogether,
    incumbent: () => best.objective,
    relax: (requests) =>
      nodes.relax(
        requests.map((request) => ({ ...request, start: request.start ?? incumbentStart() })),
        () => best.objective,
        improve,
      ),
  };

  const incumbentStart = (): NodeStart => ({
    variables: best.estimate.features,
    values: best.estimate.coefficients,
  });

  async function improve({ start: { variables, values } }: SolvedNode): Promise<void> {
    const local = { ...budget, sweeps: 0, trace: [], ended: undefined };
    const { estimate, objective } = await descendOn(
      problem,
      penalty,
      { features: variables, coefficients: values },
      local,
    );
    if (!(objective < best.objective)) return;
    best = await localSearch(problem, penalty, estimate, local);
    budget.trace.push(best.objective);
  }

  try {
    const outcome = await branchAndBound(tree, options);
    return { ...best, ...outcome };
  } finally {
    nodes.release();
  }
}
