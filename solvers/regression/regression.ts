import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { type L0Penalty, l0Penalty, penaltyAt } from "../l0/penalty.ts";
import { relativeGap } from "../l0/search.ts";
import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix, type Vector } from "../core/matrix.ts";
import { booleanOption, choiceOption, integerOption, numberOption } from "../core/options.ts";
import type { Result, SolveOptions } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { coordinateDescent, type DescentBudget, localSearch, type Solution } from "./descent.ts";
import { type ExactSolution, solveExactly } from "./exact.ts";
import { createLeastSquares, type LeastSquares, type SparseStart, type Standardization } from "./least_squares.ts";

/** How a sparse regression is solved. */
export type RegressionMethod = "coordinate-descent" | "local-search" | "exact";

/** Options that a single fit and a path share. */
export interface RegressionOptions extends SolveOptions {
  /** Ridge penalty, >= 0. @default 0 */
  readonly lambda2?: number;
  /** Bound on every coefficient, > 0; it acts on the scaled coefficients where `standardize` is set. @default Infinity */
  readonly bigM?: number;
  /** What to find: a coordinate-wise minimum, one that no swap improves, or a certified solution. @default "local-search" */
  readonly method?: RegressionMethod;
  /** Relative gap between solution and lower bound at which `exact` stops, >= 0. @default 0.01 */
  readonly gapTolerance?: number;
  /** Most relaxations that `exact` solves. @default Infinity */
  readonly nodeLimit?: number;
  /** Features whose children `exact` compares before it branches: 1 takes the most fractional. @default 1 */
  readonly branchingWidth?: number;
  /** Fit an unpenalised intercept. @default false */
  readonly intercept?: boolean;
  /** Scale features to mean square 1; penalty, bound and objective are those of the scaled coefficients. @default false */
  readonly standardize?: boolean;
}

/** Options of {@linkcode sparseRegression}. */
export interface SparseRegressionOptions extends RegressionOptions {
  /** Price of each nonzero coefficient, >= 0. */
  readonly lambda0: number;
}

/** A fitted sparse regression. */
export interface SparseRegression extends Result {
  /** One coefficient a feature, for the data as they came. */
  readonly coefficients: Float64Array;
  /** 0 unless `intercept` was asked for. */
  readonly intercept: number;
  /** Features with a nonzero coefficient, ascending. */
  readonly support: Uint32Array;
  /** Numbers fitted: those of the support, and the intercept where one was asked for. */
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
 * Best-subset regression: minimises `||y - b0 - X b||^2 / 2 + lambda0 ||b||_0 + lambda2 ||b||^2` over `|b_j| <= bigM`.
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
 * const fit = await sparseRegression(X, new Float64Array([2, 0, 2, 4]), { lambda0: 0.1, method: "exact" });
 * if (fit.support.join() !== "0" || Math.abs(fit.coefficients[0] - 2) > 1e-9) throw new Error("y = 2 x0");
 * ```
 */
export async function sparseRegression(
  X: Matrix,
  y: Vector,
  options: SparseRegressionOptions,
): Promise<SparseRegression> {
  numberOption("lambda0", options?.lambda0, 0);
  const session = await openRegression(X, y, options);
  try {
    const { start: _, correlations: __, ...fit } = await session.fit(options.lambda0);
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

/** Validates, plans, and puts the data where the kernels run; the caller closes the session. */
export async function openRegression(X: Matrix, y: Vector, options: RegressionOptions): Promise<RegressionSession> {
  const { lambda2 = 0, bigM = Infinity, method = "local-search", gapTolerance = 0.01 } = options;
  const { nodeLimit = Infinity, branchingWidth = 1, intercept = false, standardize = false } = options;
  const { tolerance = 1e-14, maxIterations = 100_000 } = options;
  checkData(X, y);
  numberOption("lambda2", lambda2, 0);
  if (!(bigM > 0)) throw new OptionError("bigM", `Cannot use "bigM": expected a number > 0, received ${bigM}.`);
  choiceOption("method", method, ["coordinate-descent", "local-search", "exact"]);
  numberOption("gapTolerance", gapTolerance, 0);
  if (nodeLimit !== Infinity) integerOption("nodeLimit", nodeLimit, 1);
  integerOption("branchingWidth", branchingWidth, 1);
  numberOption("tolerance", tolerance, 0);
  integerOption("maxIterations", maxIterations, 1);
  const run = startRun(options);
  const standardization = standardizationOf(
    X,
    y,
    booleanOption("intercept", intercept),
    booleanOption("standardize", standardize),
  );
  const [samples, features] = X.shape;
  const workspace = await openWorkspace({ ...options, dtype: "f64", flops: 200 * samples * features });
  try {
    const problem = await createLeastSquares(workspace, X, y, standardization);
    const search = { gapTolerance, nodeLimit, branchingWidth, run };
    return {
      problem,
      lambda2,
      bigM,
      async fit(lambda0, start = { features: [], coefficients: [] }) {
        const penalty = l0Penalty(lambda0, lambda2, bigM);
        const budget: DescentBudget = { run, tolerance, sweepLimit: maxIterations, sweeps: 0, trace: [] };
        let solution: Solution | ExactSolution;
        if (method === "exact") solution = await solveExactly(problem, penalty, start, budget, search);
        else {solution = await (method === "local-search" ? localSearch : coordinateDescent)(
            problem,
            penalty,
            start,
            budget,
          );}
        return present(X, y, standardization, penalty, solution, budget, workspace, run);
      },
      close: () => workspace.release(),
    };
  } catch (error) {
    workspace.release();
    throw error;
  }
}

function checkData(X: Matrix, y: Vector): void {
  checkMatrix("X", X, action);
  const [samples, features] = X.shape;
  if (samples === 0 || features === 0) {
    throw new ShapeError("X", `Cannot ${action}: "X" is ${samples} x ${features}, but needs a sample and a feature.`);
  }
  if (!(y instanceof Float32Array || y instanceof Float64Array)) {
    throw new TypeError(`Cannot ${action}: "y" must be a Float32Array or a Float64Array.`);
  }
  if (y.length !== samples) {
    throw new ShapeError("y", `Cannot ${action}: "X" has ${samples} samples, but "y" has ${y.length}.`);
  }
  const at = y.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new DataError("y", `Cannot ${action}: "y" is ${y[at]} at sample ${at}.`);
}

/** Shares of a column's mean square below which what centering leaves is rounding: the column is constant. */
const constantColumn = 1e-20;

function standardizationOf(X: Matrix, y: Vector, intercept: boolean, standardize: boolean): Standardization {
  const [samples, features] = X.shape;
  const means = new Float64Array(features), scales = new Float64Array(features).fill(1);
  // Row by row, as the data lie.
  const squares = new Float64Array(features), centered = new Float64Array(features);
  if (intercept) {
    for (let i = 0; i < samples; i++) for (let j = 0; j < features; j++) means[j] += X.data[i * features + j];
    for (let j = 0; j < features; j++) means[j] /= samples;
  }
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j < features; j++) {
      const x = X.data[i * features + j];
      squares[j] += x * x;
      centered[j] += (x - means[j]) ** 2;
    }
  }
  for (let j = 0; j < features; j++) {
    // An infinite scale makes a column that carries nothing exactly zero: it never enters.
    if (centered[j] <= constantColumn * squares[j]) scales[j] = Infinity;
    else if (standardize) scales[j] = Math.sqrt(centered[j] / samples);
  }
  let total = 0;
  for (const value of y) total += value;
  return { means, scales, responseMean: intercept ? total / samples : 0, intercept };
}

function present(
  X: Matrix,
  y: Vector,
  { means, scales, responseMean, intercept: hasIntercept }: Standardization,
  penalty: L0Penalty,
  solution: Solution | ExactSolution,
  budget: DescentBudget,
  workspace: Workspace,
  run: Run,
): SessionFit {
  const [samples, features] = X.shape;
  const { features: active, coefficients: scaled, correlations } = solution.estimate;
  const coefficients = new Float64Array(features);
  let intercept = responseMean;
  active.forEach((feature, i) => {
    coefficients[feature] = scaled[i] / scales[feature];
    intercept -= means[feature] * coefficients[feature];
  });
  const support = Uint32Array.from(active).sort();
  let objective = scaled.reduce((sum, x) => sum + penaltyAt(x, penalty), 0);
  for (let i = 0; i < samples; i++) {
    let residual = y[i] - intercept;
    for (const feature of support) residual -= X.data[i * features + feature] * coefficients[feature];
    objective += residual * residual / 2;
  }
  const exact = "lowerBound" in solution ? solution : undefined;
  const lowerBound = exact && Math.min(exact.lowerBound, objective);
  return {
    coefficients,
    intercept,
    support,
    parameterCount: support.length + (hasIntercept ? 1 : 0),
    objective,
    ...(exact && { lowerBound, gap: relativeGap(objective, lowerBound!), nodes: exact.nodes }),
    status: exact?.status ?? budget.ended ?? "converged",
    trace: Float64Array.from(budget.trace),
    iterations: budget.sweeps,
    elapsedMs: run.elapsedMs(),
    plan: workspace.plan,
    start: { features: active, coefficients: scaled },
    correlations,
  };
}
