import type { NodeStart, SolvedNode } from "../l0/node_batch.ts";
import { l0Penalty } from "../l0/penalty.ts";
import {
  branchAndBound,
  type NodeRequest,
  nodeStatus,
  nodesTogether,
  type SearchOptions,
  type SearchOutcome,
  type Tree,
} from "../l0/search.ts";
import { coefficientBound } from "./coefficient_bound.ts";
import { descendOn, improveByMoves, solveOn } from "./descent.ts";
import { perturbedSearch } from "./perturbation.ts";
import { createSubsetTree } from "./subset_search.ts";
import { reduceSupport } from "../l0/support_solution.ts";
import { pause, type Solution, type Task } from "./task.ts";

/** The best solution found and the proof of how good it is. */
export interface ExactSolution extends Solution, SearchOutcome {
  /** What kept the bound low, where the data did. */
  readonly remark?: string;
}

/** Features up to which the loss of a subset is had soon enough to be asked for at every node. */
const fewFeatures = 128;

/** Features up to which it is asked for where there is no other bound. */
export const mostFeatures = 1000;

/** Features of which all subsets may be looked at. */
const enumerable = 16;

/** Share of its objective that a support solved directly may be off by. */
const leafSlack = 1e-11;

/** Price in multiples of the objective that is known, beyond which a larger one changes nothing. */
const dearest = 2;

/** Limits of the search, and the relaxations after which it looks for better solutions around the best, once. */
export interface ExactOptions extends SearchOptions {
  readonly perturbAfter?: number;
}

/** Branch and bound over the support from a good solution on, by whichever bound is the better one. */
export async function solveExactly(task: Task, start: Solution, options: ExactOptions): Promise<ExactSolution> {
  const { problem, penalty, size } = task, { features, samples, constraints } = problem;
  const { hull, uniform } = constraints, bare = penalty.lambda2 === 0 && hull === Infinity;
  const limited = size < features;
  // The loss of all features that are left bounds better than the perspective relaxation where there are more samples than
  // features, and where neither ridge nor bound makes the relaxation worth anything.
  const tells = samples > features || features <= enumerable;
  const bySubsets = limited || features <= fewFeatures && (bare || tells && (hull === Infinity || !uniform));
  if (bySubsets && features <= mostFeatures) return await searchSubsets(task, start, options);
  if (!bare && !limited) return await searchPerspectives(task, start, hull, options);
  // No solution is lost to a bound on the coefficients that follows from the incumbent.
  const bound = limited ? undefined : await coefficientBound(problem, start.objective, () => pause(task, "bound"));
  if (bound !== undefined) return await searchPerspectives(task, start, bound, options);
  if (!limited && features <= mostFeatures) return await searchSubsets(task, start, options);
  // The empty support costs `nullLoss`, any other one feature at least.
  const lowerBound = constraints.always.length > 0 || limited ? 0 : Math.min(problem.nullLoss, penalty.lambda0);
  const status = task.budget.ended === "time-limit" ? "time-limit" : "node-limit";
  const remark =
    "Without ridge and bound, and with features that depend on each other, nothing bounds the optimum but " +
    "the price of a feature.";
  return { ...start, status, lowerBound: Math.min(lowerBound, start.objective), nodes: 0, remark };
}

/** Branch and bound over subsets. */
async function searchSubsets(task: Task, start: Solution, options: ExactOptions): Promise<ExactSolution> {
  const { problem, penalty: { lambda0, lambda2 }, size, budget } = task, { features, constraints } = problem;
  const everything = Array.from({ length: features }, (_, j) => j);
  const reducing = () => pause(task, "reduction");
  const reduced = await problem.loadRows(everything, reducing)
    ? await reduceSupport({ ...await problem.supportData(everything), lambda2 }, reducing)
    : undefined;
  if (reduced === undefined) {
    const lowerBound = Math.min(
      start.objective,
      constraints.always.length > 0 ? 0 : Math.min(lambda0, problem.nullLoss),
    );
    return { ...start, status: "time-limit", lowerBound, nodes: 0 };
  }
  let best = start;
  const tree = createSubsetTree(reduced, { lambda0, size, constraints }, {
    incumbent: () => best.objective,
    async improve(support) {
      const solved = await solveOn(task, support);
      if (!(solved.objective < best.objective)) return;
      const local = { ...task, budget: { ...budget, trace: [], ended: undefined } };
      best = await improveByMoves(local, solved);
      budget.trace.push(best.objective);
    },
    pause: () => options.run.checkpoint({ stage: "subsets", fraction: 0, iteration: 0, objective: best.objective }),
  });
  const searchOn = searchOnce(task, options, () => best, (found) => best = found);
  const outcome = await branchAndBound({ ...tree, searchOn }, options);
  return { ...best, ...outcome, lowerBound: Math.min(outcome.lowerBound, tree.uncertain()) };
}

/** Looks for solutions around the best, once a search has taken long. */
function searchOnce(
  task: Task,
  { perturbAfter = Infinity }: ExactOptions,
  incumbent: () => Solution,
  take: (found: Solution) => unknown,
): (nodes: number) => Promise<void> {
  let isDone = false;
  return async (nodes) => {
    if (isDone || nodes < perturbAfter) return;
    isDone = true;
    take(await perturbedSearch(task, incumbent()));
  };
}

/** Branch and bound over perspective relaxations. */
async function searchPerspectives(
  task: Task,
  start: Solution,
  bound: number,
  options: ExactOptions,
): Promise<ExactSolution> {
  const { problem, budget } = task, { lambda2 } = task.penalty, { always } = problem.constraints;
  // No feature pays at more than the objective of the start, and sums with a larger price would lose the digits of the loss.
  const lambda0 = Math.min(task.penalty.lambda0, dearest * start.objective);
  const penalty = l0Penalty(lambda0, lambda2, bound), nodes = problem.openNodes(penalty, options);
  // In a relaxation every kept feature is priced.
  const offset = lambda0 * always.length, statuses = new Uint8Array(problem.features);
  let best = start;

  const complete = (request: NodeRequest<NodeStart>): NodeRequest<NodeStart> => ({
    ...request,
    // Nothing costs less than nothing: a bound that is there even without any time.
    bound: Math.max(0, request.bound),
    start: request.start ?? { variables: best.estimate.features, values: best.estimate.coefficients },
    writeStatuses(target) {
      request.writeStatuses(target);
      for (const feature of always) target[feature] = nodeStatus.kept;
    },
  });

  /** Nodes in which all is decided are solved directly; of all others every kept feature must be paid. */
  async function settle(node: SolvedNode, request: NodeRequest<NodeStart>): Promise<SolvedNode> {
    request.writeStatuses(statuses);
    for (const fixing of node.fixings) statuses[fixing >>> 1] = fixing & 1 ? nodeStatus.kept : nodeStatus.zero;
    const kept: number[] = [];
    let decided = true;
    for (let j = 0; j < statuses.length; j++) {
      if (statuses[j] === nodeStatus.kept) kept.push(j);
      else if (statuses[j] === nodeStatus.free) decided = false;
    }
    const paid = Math.max(node.bound, lambda0 * kept.length);
    if (!decided || !(paid < best.objective + offset)) return { ...node, bound: paid };
    const solved = await solveOn(task, kept);
    take(solved);
    // A feature that is 0 at the best of the support is kept in vain: another node has that support.
    const unused = kept.length - solved.estimate.features.length;
    const exact = (solved.objective + offset + lambda0 * unused) * (1 - leafSlack);
    return { ...node, candidates: [], bound: Math.max(paid, exact) };
  }

  const tree: Tree<NodeStart> = {
    batch: nodesTogether,
    incumbent: () => best.objective + offset,
    async relax(requests) {
      const completed = requests.map(complete), solved: SolvedNode[] = [];
      for (const node of await nodes.relax(completed, () => best.objective + offset, improve)) {
        solved.push(await settle(node, completed[solved.length]));
      }
      return solved;
    },
    searchOn: searchOnce(task, options, () => best, (found) => best = found),
  };

  function take(solution: Solution): boolean {
    if (!(solution.objective < best.objective)) return false;
    best = solution;
    budget.trace.push(best.objective);
    return true;
  }

  async function improve({ start: { variables, values } }: SolvedNode): Promise<void> {
    if (await options.run.checkpoint({ stage: "branch and bound", fraction: 0, iteration: 0 })) return;
    const local = { ...task, budget: { ...budget, sweeps: 0, trace: [], ended: undefined } };
    const found = await descendOn(local, { features: variables, coefficients: values });
    if (take(found)) take(await improveByMoves(local, found));
  }

  try {
    const outcome = await branchAndBound(tree, options);
    return { ...best, ...outcome, lowerBound: outcome.lowerBound - offset };
  } finally {
    nodes.release();
  }
}
