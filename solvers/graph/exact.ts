import type { NodePoint, NodeStart } from "../l0/node_batch.ts";
import { indicatorAt, type L0Penalty } from "../l0/penalty.ts";
import {
  branchAndBound,
  type NodeRelaxation,
  type NodeRequest,
  nodeStatus,
  nodesTogether,
  type SearchOptions,
  type SearchOutcome,
  type Tree,
} from "../l0/search.ts";
import { boundOfVariances } from "./dual_bound.ts";
import { crawlingFrom, descendOn, type GraphBudget, graphDescent, type GraphSolution } from "./descent.ts";
import type { EdgeRules } from "./edge_rules.ts";
import { refitted } from "./search.ts";
import {
  admissible,
  edgeNumber,
  endsOfEdge,
  type GraphPoint,
  type Pseudolikelihood,
  withoutZeros,
} from "./pseudolikelihood.ts";
import { isRelaxed } from "../l0/relaxation.ts";
import { createNodeRefinement } from "./node_refinement.ts";
import {
  createGraphRelaxation,
  type GraphStart,
  hurriedWork,
  precision,
  type RelaxedGraph,
  startOfNode,
} from "./relaxation.ts";

/** Multiply-adds that moves with refits may take among the nodes. */
const refitWorkOfNodes = 1e9;

/** The best graph found and the proof of how good it is. */
export interface ExactGraph extends GraphSolution, SearchOutcome {}

/**
 * Branch and bound over the edges, from a solution on. Every node offers the descent on its relaxed edges as a solution.
 *
 * Where products are kept and graphs are small, nodes are solved many at a time, each on one thread; elsewhere one at a time,
 * with the threads inside it.
 */
export async function solveGraphExactly(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  start: GraphSolution,
  budget: GraphBudget,
  options: SearchOptions,
): Promise<ExactGraph> {
  let best = start;
  let refitWork = refitWorkOfNodes;
  // Where sweeps of the search have run out, those from nodes would as well.
  let sweepLimit = budget.ended ? Math.min(crawlingFrom, budget.sweepLimit) : budget.sweepLimit;
  const incumbent = () => best.objective;

  async function improve(from: GraphPoint): Promise<void> {
    if (await problem.pause("branch and bound")) return;
    const local: GraphBudget = { ...budget, sweepLimit, sweeps: 0, trace: [], ended: undefined };
    const solution = await descendOn(problem, penalty, admissible(from, problem.rules), local);
    if (local.ended) sweepLimit = Math.min(crawlingFrom, sweepLimit);
    if (!(solution.objective < best.objective)) return;
    const descended = await graphDescent(problem, penalty, solution.estimate, local);
    best = await refitted(problem, penalty, descended, local, (work) => (refitWork -= work) >= 0);
    budget.trace.push(best.objective);
  }

  // What the variances say is the bound of a root that would be left out at once.
  const isLong = problem.openNodes === undefined && problem.vertices ** 2 * problem.covarianceWork > hurriedWork;
  if (isLong && await problem.pause("branch and bound")) {
    const lowerBound = Math.min(start.objective, boundOfVariances(problem.variances, penalty));
    return { ...start, status: "time-limit", lowerBound, nodes: 0 };
  }
  const nodes = problem.openNodes?.(penalty, options);
  const { required, forbidden } = problem.rules;
  /** The same request under the rules, which every node obeys. */
  const ruled = <Start>(request: NodeRequest<Start>): NodeRequest<Start> => ({
    ...request,
    writeStatuses(statuses) {
      request.writeStatuses(statuses);
      for (const [i, j] of required) statuses[edgeNumber(i, j, problem.vertices)] = nodeStatus.kept;
      for (const [i, j] of forbidden) statuses[edgeNumber(i, j, problem.vertices)] = nodeStatus.zero;
    },
  });
  try {
    const outcome = nodes
      ? await branchAndBound<NodeStart>({
        batch: nodesTogether,
        incumbent,
        relax: (requests) =>
          nodes.relax(
            requests.map((request) => ruled({ ...request, start: request.start ?? nodeStartOf(best.estimate) })),
            incumbent,
            ({ start }) => improve(pointOfNode(start)),
          ),
      }, options)
      : await branchAndBound(createLargeTree(), options);
    return { ...best, ...outcome };
  } finally {
    nodes?.release();
  }

  function createLargeTree(): Tree<GraphStart> {
    const relax = createGraphRelaxation(problem, penalty, options);
    const refine = createNodeRefinement(problem, penalty, () => problem.pause("refinement"));
    const statuses = new Uint8Array(problem.vertices * (problem.vertices - 1) / 2);
    async function relaxOne(
      { start = startOf(best.estimate), writeStatuses }: NodeRequest<GraphStart>,
    ): Promise<NodeRelaxation<GraphStart>> {
      writeStatuses(statuses);
      await problem.pause("branch and bound");
      let relaxed = await relax(statuses, start, best.objective);
      const { values, diagonal } = relaxed.estimate;
      if (isOpen(relaxed)) {
        const point = await refine({ variables: relaxed.edges, values, extra: diagonal }, statuses);
        const again = point && await relax(statuses, refinedStart(point), best.objective);
        if (again && again.bound > relaxed.bound) relaxed = again;
      }
      const { bound, complete, fixings } = relaxed, fractional = candidatesOf(relaxed);
      if (bound < best.objective) await improve(rounded(relaxed, statuses, penalty, problem.rules));
      return { bound, complete, fixings, candidates: fractional, start: startOfNode(relaxed) };
    }
    /** Whether a relaxation that is not pruned has a gap beyond what its leaves may have. */
    function isOpen({ primal, bound, complete, fractional }: RelaxedGraph): boolean {
      if (!complete || bound >= best.objective) return false;
      const round = { primal, bound, upperBound: best.objective, tolerance: Infinity };
      return !isRelaxed({ ...round, isSolution: fractional.length === 0 }, precision);
    }

    /** Where no edge is fractional and the gap is open, any free one will do, until all is decided. */
    function candidatesOf(relaxed: RelaxedGraph): readonly number[] {
      if (relaxed.fractional.length > 0 || !isOpen(relaxed)) return relaxed.fractional;
      const { edges, estimate: { values } } = relaxed;
      const free = edges.find((edge, k) => values[k] !== 0 && statuses[edge] === nodeStatus.free) ??
        statuses.indexOf(nodeStatus.free);
      return free >= 0 ? [free] : [];
    }

    return {
      batch: 1,
      incumbent,
      async relax(requests) {
        const relaxations = [];
        for (const request of requests) relaxations.push(await relaxOne(ruled(request)));
        return relaxations;
      },
    };
  }

  function startOf({ ends, values, diagonal }: GraphPoint): GraphStart {
    return {
      edges: Array.from(values, (_, e) => edgeNumber(ends[2 * e], ends[2 * e + 1], problem.vertices)),
      values,
      diagonal,
    };
  }

  function nodeStartOf(point: GraphPoint): NodeStart {
    const { edges, values, diagonal } = startOf(point);
    return { variables: edges, values, extra: diagonal };
  }

  function pointOfNode({ variables, values, extra }: NodeStart): GraphPoint {
    return {
      ends: Array.from(variables).flatMap((edge) => endsOfEdge(edge, problem.vertices)),
      values,
      diagonal: extra!,
    };
  }
}

function refinedStart({ variables, values, extra }: NodePoint): GraphStart {
  return { edges: variables, values, diagonal: extra };
}

/** The edges that are kept or nearer to being there than not: all that are nonzero may be very many. */
function rounded(
  { edges, estimate }: RelaxedGraph,
  statuses: Uint8Array,
  penalty: L0Penalty,
  rules: EdgeRules,
): GraphPoint {
  const values = estimate.values.map((value, k) =>
    statuses[edges[k]] === nodeStatus.kept || indicatorAt(value, penalty) >= 0.5 ? value : 0
  );
  return withoutZeros({ ...estimate, values }, rules);
}
