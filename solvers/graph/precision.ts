import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { l0Family } from "../../kernels/families/l0.ts";
import { type L0Penalty, l0Penalty } from "../l0/penalty.ts";
import { certified } from "../core/certificate.ts";
import { OptionError } from "../core/errors.ts";
import type { SparseMatrix } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result, Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { inSteps } from "../core/steps.ts";
import { checkGraphData, type GraphData } from "./data.ts";
import type { GraphBudget, GraphSolution } from "./descent.ts";
import { createEdgeRules } from "./edge_rules.ts";
import { type ExactGraph, solveGraphExactly } from "./exact.ts";
import { type PrecisionOptions, type SparsePrecisionOptions, sparsePrecisionOptions } from "./options.ts";
import { plainSums } from "./plain_graph.ts";
import { createProblem } from "./problem.ts";
import {
  admissible,
  emptyGraph,
  evaluate,
  type GraphEstimate,
  graphObjective,
  type GraphPoint,
  type Pseudolikelihood,
} from "./pseudolikelihood.ts";
import { searchGraph } from "./search.ts";
import { pointOf, precisionOf } from "./sparse.ts";
import { graphWork } from "./work.ts";

/** An estimated precision matrix. */
export interface SparsePrecision extends Result {
  /** Symmetric bit for bit, with its diagonal [variables, variables], csr, f64. */
  readonly precision: SparseMatrix;
  /** Nonzero entries above the diagonal. */
  readonly edgeCount: number;
  /** `sum_i (-log t_ii + ||Y t_i||^2 / t_ii)`: the objective without its penalties. */
  readonly dataTerm: number;
  /** No solution has a lower objective; from `exact`. */
  readonly lowerBound?: number;
  /** `(objective - lowerBound) / |objective|`; small whatever the graph, because the data term is about the number of variables. */
  readonly gap?: number;
  /** `(objective - lowerBound) / (objective of the empty graph - lowerBound)`: 1 when nothing is known. */
  readonly normalizedGap?: number;
  /** Relaxations solved; from `exact`. */
  readonly nodes?: number;
}

const action = "estimate a precision matrix";

/**
 * Sparse precision matrix by l0-penalised pseudolikelihood: with `Y` the centred (and scaled) samples over the square root
 * of their number, minimises
 *
 *     sum_i (-log t_ii + ||Y t_i||^2 / t_ii) + sum_{i<j} (lambda0 [t_ij != 0] + lambda2 t_ij^2),   |t_ij| <= bigM
 *
 * over symmetric matrices with a positive diagonal. The answer need not be positive definite: see
 * {@linkcode isPositiveDefinite} and {@linkcode nearestPositiveDefinite}.
 *
 * A sweep costs O(variables) for every edge that changes; `exact` may be exponential, and larger `lambda2` and smaller
 * `bigM` are what makes it fast.
 *
 * @param data One sample a row [samples, variables], or the covariance matrix of samples and their number.
 * @throws {ShapeError} when the data are empty, or a covariance matrix is not square
 * @throws {DataError} for NaN and infinities, for columns without variance, and for a covariance matrix that is not symmetric
 *   and positive semidefinite (up to 3,000 variables, and as far as the time limit lets it be seen)
 * @throws {OptionError} for an option out of its range, and for `lambda2` 0 without a finite `bigM`
 *
 * @example
 * ```ts
 * import { fromRows, sparsePrecision } from "@minima/minima";
 * const samples = fromRows([[2, 2, 1], [-2, -2, 1], [1, 1, -1], [-1, -1, -1], [3, 2, 0], [-3, -2, 0]]);
 * const graph = await sparsePrecision(samples, { lambda0: 0.3, lambda2: 0.1, method: "exact" });
 * if (graph.edgeCount !== 1 || graph.precision.indices[1] !== 1) throw new Error("0 and 1 go together");
 * ```
 */
export async function sparsePrecision(data: GraphData, options: SparsePrecisionOptions): Promise<SparsePrecision> {
  const resolved = resolveOptions(sparsePrecisionOptions, options, "sparse precision");
  const session = await openGraph(data, resolved);
  try {
    const { lambda0 } = resolved;
    const { estimate: _, covarianceTrace: __, ...fit } = await session.report(lambda0, await session.search(lambda0));
    return fit;
  } finally {
    session.close();
  }
}

/** A graph and what the next one along a path needs of it. */
export interface SessionFit extends SparsePrecision {
  readonly estimate: GraphEstimate;
  /** `tr S T`. */
  readonly covarianceTrace: number;
}

/** Samples made ready, for one graph or for many that share the Gram matrix. */
export interface GraphSession {
  readonly problem: Pseudolikelihood;
  readonly lambda2: number;
  readonly bigM: number;
  /** Whether results have a bound. */
  readonly isCertified: boolean;
  /** The best graph that is found at one `lambda0`, from `start` on. */
  search(lambda0: number, start?: GraphPoint): Promise<GraphSolution>;
  /** The result of a solution at one `lambda0`, certified where the method says so. */
  report(lambda0: number, found: GraphSolution): Promise<SessionFit>;
  /** Whether a limit has ended the latest search. */
  hasEnded(): boolean;
  /** Says which share of the whole call is done. */
  advance(share: number): void;
  close(): void;
}

/** Options of a session, checked. */
export type ResolvedPrecisionOptions = Resolved<PrecisionOptions, OpenSolveOptions | "initial" | "perturbations">;

/**
 * Checks the data, plans, and puts them where the kernels run; the caller closes the session.
 *
 * @param points Fits that are planned for.
 */
export async function openGraph(
  data: GraphData,
  options: ResolvedPrecisionOptions,
  points = 1,
): Promise<GraphSession> {
  const { lambda2, bigM, gapTolerance, branchingWidth, randomStarts, initial, seed } = options;
  const course = startRun(options);
  const { count, vertices } = await inSteps(
    checkGraphData(data),
    () => course.checkpoint({ stage: "load", fraction: 0, iteration: 0 }),
  );
  if (lambda2 === 0 && bigM === Infinity) {
    throw new OptionError(
      "lambda2",
      `Cannot ${action}: with "lambda2" 0 and no "bigM" the objective may have no minimum, and no bound can be certified.`,
    );
  }
  const rules = createEdgeRules(options.required, options.forbidden, vertices);
  // Progress is that of the whole call: what a single search says of itself would jump back.
  let done = 0;
  const run: Run = points === 1 ? course : {
    elapsedMs: course.elapsedMs,
    checkpoint: (state) => course.checkpoint({ ...state, fraction: done }),
  };
  const affordable = points === 1 ? affordableNodes(vertices) : 0;
  const nodeLimit = options.method === "auto" ? Math.min(options.nodeLimit, affordable) : options.nodeLimit;
  const method = options.method === "auto" ? (nodeLimit > 0 ? "exact" : "approximate") : options.method;
  const perturbations = options.perturbations ?? usualPerturbations(vertices);
  const effort = { randomStarts, perturbations, refitWork: points > 1 ? refitWorkOfPoint : usualRefitWork };
  const descents = randomStarts + perturbations;
  const flops = graphWork({ samples: count, vertices, method, nodeLimit, descents, points });
  const workspace = await openWorkspace({ ...options, families: [denseFamily, l0Family], dtype: "f64", flops });
  try {
    const mayStayEmpty = points === 1 && initial === undefined && rules.required.length === 0;
    const problem = await createProblem(workspace, data, { ...options, rules, mayStayEmpty }, run);
    const given = initial && pointOf(initial, vertices);
    const { tolerance, maxIterations: sweepLimit } = options;
    let budget: GraphBudget = { run, tolerance, sweepLimit, sweeps: 0, trace: [] };
    return {
      problem,
      lambda2,
      bigM,
      isCertified: method === "exact",
      search(lambda0, start = given ?? emptyGraph(problem)) {
        budget = { run, tolerance, sweepLimit, sweeps: 0, trace: [] };
        const penalty = l0Penalty(lambda0, lambda2, bigM);
        return searchGraph(problem, penalty, admissible(start, rules), budget, createRandom(seed), effort);
      },
      async report(lambda0, found) {
        const penalty = l0Penalty(lambda0, lambda2, bigM);
        // Where sweeps have run out, those of relaxations would as well: a few have to do.
        const most = options.method === "auto" && budget.ended ? Math.min(fewNodes, nodeLimit) : nodeLimit;
        const search = { gapTolerance, nodeLimit: most, branchingWidth, run };
        const solution = method === "exact" ? await solveGraphExactly(problem, penalty, found, budget, search) : found;
        const shared = { problem, penalty, budget, gapTolerance, workspace, run, isOneOfMany: points > 1 };
        return await present(solution, shared);
      },
      hasEnded: () => budget.ended !== undefined,
      advance: (share) => void (done = Math.max(done, share)),
      close: () => workspace.release(),
    };
  } catch (error) {
    workspace.release();
    throw error;
  }
}

/** Perturbations of graphs of which one takes a few milliseconds. */
function usualPerturbations(vertices: number): number {
  if (vertices <= certifiedUpTo) return 40;
  return vertices <= 256 ? 18 : 0;
}

/** Multiply-adds of moves with refits for one graph, about a second, and for each of many. */
const usualRefitWork = 1e9, refitWorkOfPoint = 1.5e7;

/** Variables up to which `auto` certifies, and multiply-adds that it may take for that, some hundred for each derivative. */
const certifiedUpTo = 64, workOfNodes = 2e8;

/** Nodes where sweeps of the search have run out. */
const fewNodes = 32;

/** Nodes that take about as long as the search; none for large graphs. */
function affordableNodes(vertices: number): number {
  return vertices <= certifiedUpTo ? Math.ceil(workOfNodes / (100 * vertices ** 3)) : 0;
}

/** What a result is made from besides its graph. */
interface Presented {
  readonly problem: Pseudolikelihood;
  readonly penalty: L0Penalty;
  readonly budget: GraphBudget;
  readonly gapTolerance: number;
  readonly workspace: Workspace;
  readonly run: Run;
  /** Whether it is a point of a path. */
  readonly isOneOfMany: boolean;
}

async function present(
  solution: (GraphSolution | ExactGraph) & { readonly status?: Status },
  shared: Presented,
): Promise<SessionFit> {
  const { problem, penalty, budget, gapTolerance, workspace, run, isOneOfMany } = shared, { estimate } = solution;
  const { terms, sums: { dataTerm, ...sums } } = await plainSums(problem, penalty, estimate, isOneOfMany);
  // Where rounding hides the minimum, what a search makes of it may be worse than no edges at all.
  const worst = objectiveWithoutEdges(problem.variances) + penalty.lambda0 * problem.rules.required.length;
  if (!isOneOfMany && sums.objective - worst > 1e-9 * (1 + Math.abs(worst)) && solution.objective < worst) {
    const empty = await evaluate(problem, emptyGraph(problem), penalty), status = "precision-limit" as const;
    const objective = graphObjective(problem, penalty, empty);
    return present({ ...solution, estimate: empty, objective, status }, shared);
  }
  const exact = "lowerBound" in solution ? solution : undefined;
  const certificate = certified({
    ...sums,
    searched: solution.objective,
    lowerBound: exact?.lowerBound,
    gapTolerance,
    status: solution.status ?? budget.ended ?? "converged",
  });
  const { objective, lowerBound } = certificate;
  return {
    precision: precisionOf(estimate),
    edgeCount: estimate.values.length,
    ...certificate,
    dataTerm,
    ...(exact && {
      normalizedGap: normalizedGap(problem, objective, lowerBound!),
      nodes: exact.nodes,
    }),
    trace: Float64Array.from(budget.trace),
    iterations: budget.sweeps,
    elapsedMs: run.elapsedMs(),
    plan: workspace.plan,
    estimate,
    covarianceTrace: terms.diagonalProducts.reduce((sum, product) => sum + product, 0),
  };
}

/** The gap as a share of what the empty graph leaves open. */
function normalizedGap({ variances }: Pseudolikelihood, objective: number, lowerBound: number): number {
  if (lowerBound === -Infinity) return 1;
  const empty = objectiveWithoutEdges(variances);
  return objective <= lowerBound ? 0 : (objective - lowerBound) / (Math.max(empty, objective) - lowerBound);
}

/** The objective of the empty graph. */
function objectiveWithoutEdges(variances: Float64Array): number {
  return variances.reduce((sum, variance) => sum + 1 + Math.log(variance), 0);
}
