import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { l0Family } from "../../kernels/families/l0.ts";
import { type L0Penalty, l0Penalty } from "../l0/penalty.ts";
import { certified } from "../core/certificate.ts";
import { columnMoments } from "../core/columns.ts";
import { ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix, toVectorArgument, type Vector, type VectorLike } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { coordinateDescent, type DescentBudget, localSearch, type Solution } from "./descent.ts";
import { type ExactSolution, solveExactly } from "./exact.ts";
import { createLeastSquares, type LeastSquares, type SparseStart, type Standardization } from "./least_squares.ts";
import { type RegressionOptions, type SparseRegressionOptions, sparseRegressionOptions } from "./options.ts";
import { plainObjective } from "./plain_objective.ts";
import { type RegressionWork, regressionWork } from "./work.ts";

/** A fitted sparse regression. */
export interface SparseRegression extends Result {
  /** One coefficient a feature, for the data as they came. */
  readonly coefficients: Float64Array;
  /** 0 where `intercept` is false. */
  readonly intercept: number;
  /** Features with a nonzero coefficient, ascending. */
  readonly support: Uint32Array;
  /** Numbers fitted: those of the support, and the intercept where there is one. */
  readonly parameterCount: number;
  /** No solution has a lower objective; from `exact`. */
  readonly lowerBound?: number;
  /** `(objective - lowerBound) / objective`; from `exact`. */
  readonly gap?: number;
  /** Relaxations solved; from `exact`. */
  readonly nodes?: number;
}

const action = "fit a sparse regression";

/**
 * Best-subset regression: minimises `||y - b0 - X b||^2 / 2 + lambda0 ||b||_0 + lambda2 ||b||^2` over `|b_j| <= bigM`,
 * with `X` scaled to columns of mean square 1 unless `standardize` is false, and without `b0` if `intercept` is.
 *
 * `coordinate-descent` finds a coordinate-wise minimum, `local-search` (the default) one that no swap of two features
 * improves, `exact` a solution with a certified gap by branch and bound. One descent costs O(features x support) a sweep
 * beside the Gram rows of the features it touches, O(samples x features) each; the search may be exponential.
 *
 * @param X Samples as rows [samples, features].
 * @param y One response a sample.
 * @throws {ShapeError} when `X` is empty or `y` has another number of samples
 * @throws {DataError} for NaN and infinities
 * @throws {OptionError} for an option out of its range, and for `exact` without ridge, bound and full column rank
 *
 * @example
 * ```ts
 * import { fromRows, sparseRegression } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1]]);
 * const fit = await sparseRegression(X, [3, 1, 3, 5], { lambda0: 0.1, method: "exact" });
 * if (fit.support.join() !== "0" || Math.abs(fit.coefficients[0] - 2) > 1e-9) throw new Error("y = 1 + 2 x0");
 * ```
 */
export async function sparseRegression(
  X: Matrix,
  y: VectorLike,
  options: SparseRegressionOptions,
): Promise<SparseRegression> {
  const resolved = resolveOptions(sparseRegressionOptions, options, "sparse regression");
  const session = await openRegression(X, y, resolved);
  try {
    const { start: _, correlations: __, ...fit } = await session.fit(resolved.lambda0);
    return fit;
  } finally {
    session.close();
  }
}

/** A fit and what the next one along a path needs of it. */
export interface SessionFit extends SparseRegression {
  readonly start: SparseStart;
  /** `X^T (y - X b)` of the scaled problem. */
  readonly correlations: Float64Array;
}

/** A data set made ready, for one fit or for many that share the Gram matrix. */
export interface RegressionSession {
  readonly problem: LeastSquares;
  readonly lambda2: number;
  readonly bigM: number;
  /** Fits at one `lambda0`, from `start` on. */
  fit(lambda0: number, start?: SparseStart): Promise<SessionFit>;
  close(): void;
}

/** Options of a session, checked. */
export type ResolvedRegressionOptions = Resolved<RegressionOptions, OpenSolveOptions>;

/** The fits that a session is planned for. */
export type PlannedFits = Pick<RegressionWork, "points" | "paths">;

/** Checks the data, plans, and puts them where the kernels run; the caller closes the session. */
export async function openRegression(
  X: Matrix,
  response: VectorLike,
  options: ResolvedRegressionOptions,
  planned: PlannedFits = {},
): Promise<RegressionSession> {
  const { lambda2, bigM, method, gapTolerance, nodeLimit, branchingWidth, tolerance, maxIterations } = options;
  const y = checkData(X, response);
  const run = startRun(options);
  const standardization = standardizationOf(X, y, options.intercept, options.standardize);
  const [samples, features] = X.shape;
  const flops = regressionWork({ ...planned, samples, features, method, nodeLimit });
  const workspace = await openWorkspace({ ...options, families: [denseFamily, l0Family], dtype: "f64", flops });
  try {
    const problem = createLeastSquares(workspace, X, y, standardization);
    const search = { gapTolerance, nodeLimit, branchingWidth, run };
    return {
      problem,
      lambda2,
      bigM,
      async fit(lambda0, start = { features: [], coefficients: [] }) {
        const penalty = l0Penalty(lambda0, lambda2, bigM);
        const budget: DescentBudget = { run, tolerance, sweepLimit: maxIterations, sweeps: 0, trace: [] };
        let solution: Solution | ExactSolution;
        if (method === "exact") {
          solution = await solveExactly(problem, penalty, start, budget, search);
        } else {
          const descend = method === "local-search" ? localSearch : coordinateDescent;
          solution = await descend(problem, penalty, start, budget);
        }
        return present(X, y, standardization, problem, penalty, solution, budget, gapTolerance, workspace, run);
      },
      close: () => workspace.release(),
    };
  } catch (error) {
    workspace.release();
    throw error;
  }
}

/** The response, typed, once both are known to fit together. */
function checkData(X: Matrix, response: VectorLike): Vector {
  checkMatrix("X", X, action);
  const [samples, features] = X.shape;
  if (samples === 0 || features === 0) {
    throw new ShapeError("X", `Cannot ${action}: "X" is ${samples} x ${features}, but needs a sample and a feature.`);
  }
  const y = toVectorArgument("y", response, action);
  if (y.length !== samples) {
    throw new ShapeError("y", `Cannot ${action}: "X" has ${samples} samples, but "y" has ${y.length}.`);
  }
  return y;
}

function standardizationOf(X: Matrix, y: Vector, intercept: boolean, standardize: boolean): Standardization {
  const { means, variances } = columnMoments(X, intercept);
  // An infinite scale makes a column that carries nothing exactly zero: it never enters.
  const scales = variances.map((variance) => variance === 0 ? Infinity : standardize ? Math.sqrt(variance) : 1);
  let total = 0;
  for (const value of y) total += value;
  return { means, scales, responseMean: intercept ? total / X.shape[0] : 0, intercept };
}

function present(
  X: Matrix,
  y: Vector,
  standardization: Standardization,
  problem: LeastSquares,
  penalty: L0Penalty,
  solution: Solution | ExactSolution,
  budget: DescentBudget,
  gapTolerance: number,
  workspace: Workspace,
  run: Run,
): SessionFit {
  const { means, scales, responseMean } = standardization;
  const { features: active, coefficients: scaled, correlations } = solution.estimate;
  const coefficients = new Float64Array(problem.features);
  let intercept = responseMean;
  active.forEach((feature, i) => {
    coefficients[feature] = scaled[i] / scales[feature];
    intercept -= means[feature] * coefficients[feature];
  });
  const support = Uint32Array.from(active).sort();
  const answer = { coefficients, intercept, support, scaled };
  const { nullLoss, squaredNorms } = problem;
  const exact = "lowerBound" in solution ? solution : undefined;
  const certificate = certified({
    ...plainObjective(X, y, answer, standardization, penalty, { nullLoss, squaredNorms, features: active }),
    searched: solution.objective,
    lowerBound: exact?.lowerBound,
    gapTolerance,
    status: exact?.status ?? budget.ended ?? "converged",
  });
  return {
    coefficients,
    intercept,
    support,
    parameterCount: support.length + (standardization.intercept ? 1 : 0),
    ...certificate,
    ...(exact && { nodes: exact.nodes }),
    trace: Float64Array.from(budget.trace),
    iterations: budget.sweeps,
    elapsedMs: run.elapsedMs(),
    plan: workspace.plan,
    start: { features: active, coefficients: scaled },
    correlations,
  };
}
