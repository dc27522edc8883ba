import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { l0Family } from "../../kernels/families/l0.ts";
import { type L0Penalty, l0Penalty } from "../l0/penalty.ts";
import { certified } from "../core/certificate.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix, type SparseMatrix } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { type GraphBudget, graphLocalSearch, type GraphSolution } from "./descent.ts";
import { type ExactGraph, solveGraphExactly } from "./exact.ts";
import { type PrecisionOptions, type SparsePrecisionOptions, sparsePrecisionOptions } from "./options.ts";
import { createProblem } from "./problem.ts";
import { emptyGraph, type GraphPoint, type Pseudolikelihood } from "./pseudolikelihood.ts";
import { perturbedSearch } from "./perturbation.ts";
import { plainGraphObjective } from "./plain_graph.ts";
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
 * @param samples One sample a row [samples, variables].
 * @throws {ShapeError} when `samples` is empty
 * @throws {DataError} for NaN and infinities, and for a column without variance
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
export async function sparsePrecision(samples: Matrix, options: SparsePrecisionOptions): Promise<SparsePrecision> {
  const resolved = resolveOptions(sparsePrecisionOptions, options, "sparse precision");
  const session = await openGraph(samples, resolved);
  try {
    const { start: _, covarianceTrace: __, ...fit } = await session.fit(resolved.lambda0);
    return fit;
  } finally {
    session.close();
  }
}

/** A graph and what the next one along a path needs of it. */
export interface SessionFit extends SparsePrecision {
  readonly start: GraphPoint;
  /** `tr S T`. */
  readonly covarianceTrace: number;
}

/** Samples made ready, for one graph or for many that share the Gram matrix. */
export interface GraphSession {
  readonly problem: Pseudolikelihood;
  readonly lambda2: number;
  readonly bigM: number;
  /** Estimates at one `lambda0`, from `start` on. */
  fit(lambda0: number, start?: GraphPoint): Promise<SessionFit>;
  close(): void;
}

/** Options of a session, checked. */
export type ResolvedPrecisionOptions = Resolved<PrecisionOptions, OpenSolveOptions | "initial" | "perturbations">;

/** Checks the data, plans, and puts them where the kernels run; the caller closes the session. `points` is how many fits are planned for. */
export async function openGraph(
  samples: Matrix,
  options: ResolvedPrecisionOptions,
  points = 1,
): Promise<GraphSession> {
  const { lambda2, bigM, method, gapTolerance, nodeLimit, branchingWidth, randomStarts, perturbations } = options;
  const { initial, seed, tolerance, maxIterations } = options;
  checkMatrix("samples", samples, action);
  const [count, vertices] = samples.shape;
  if (count === 0 || vertices === 0) {
    throw new ShapeError(
      "samples",
      `Cannot ${action}: "samples" is ${count} x ${vertices}, but needs a sample and a variable.`,
    );
  }
  if (lambda2 === 0 && bigM === Infinity) {
    throw new OptionError(
      "lambda2",
      `Cannot ${action}: with "lambda2" 0 and no "bigM" the objective may have no minimum, and no bound can be certified.`,
    );
  }
  const run = startRun(options);
  const search = { gapTolerance, nodeLimit, branchingWidth, run };
  const rounds = perturbations ?? usual(vertices), descents = randomStarts + rounds;
  const flops = graphWork({ samples: count, vertices, method, nodeLimit, descents, points });
  const workspace = await openWorkspace({ ...options, families: [denseFamily, l0Family], dtype: "f64", flops });
  try {
    const problem = await createProblem(workspace, samples, options, run);
    const given = initial && pointOf(initial, vertices);
    return {
      problem,
      lambda2,
      bigM,
      async fit(lambda0, start = given ?? emptyGraph(problem)) {
        const penalty = l0Penalty(lambda0, lambda2, bigM);
        const budget: GraphBudget = { run, tolerance, sweepLimit: maxIterations, sweeps: 0, trace: [] };
        const random = createRandom(seed);
        let solution: GraphSolution | ExactGraph = await graphLocalSearch(problem, penalty, start, budget);
        for (let k = 0; k < randomStarts && !budget.ended; k++) {
          const other = await graphLocalSearch(problem, penalty, emptyGraph(problem), budget, random);
          if (other.objective < solution.objective) solution = other;
        }
        solution = await perturbedSearch(problem, penalty, solution, budget, random, rounds);
        if (method === "exact") solution = await solveGraphExactly(problem, penalty, solution, budget, search);
        return present(problem, penalty, solution, budget, gapTolerance, workspace, run);
      },
      close: () => workspace.release(),
    };
  } catch (error) {
    workspace.release();
    throw error;
  }
}

/** Perturbations of graphs of which one takes a few milliseconds. */
function usual(vertices: number): number {
  return vertices <= 256 ? 12 : 0;
}

async function present(
  problem: Pseudolikelihood,
  penalty: L0Penalty,
  solution: GraphSolution | ExactGraph,
  budget: GraphBudget,
  gapTolerance: number,
  workspace: Workspace,
  run: Run,
): Promise<SessionFit> {
  const { estimate } = solution;
  const terms = await problem.plain.terms(estimate);
  const { dataTerm, ...sums } = plainGraphObjective(estimate, terms, problem.variances, problem.samples, penalty);
  const exact = "lowerBound" in solution ? solution : undefined;
  const certificate = certified({
    ...sums,
    searched: solution.objective,
    lowerBound: exact?.lowerBound,
    gapTolerance,
    status: exact?.status ?? budget.ended ?? "converged",
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
    start: estimate,
    covarianceTrace: terms.diagonalProducts.reduce((sum, product) => sum + product, 0),
  };
}

/** The gap as a share of what the empty graph leaves open. */
function normalizedGap({ variances }: Pseudolikelihood, objective: number, lowerBound: number): number {
  const empty = variances.reduce((sum, variance) => sum + 1 + Math.log(variance), 0);
  return objective <= lowerBound ? 0 : (objective - lowerBound) / (Math.max(empty, objective) - lowerBound);
}
