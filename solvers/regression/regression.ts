import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { l0Family } from "../../kernels/families/l0.ts";
import { l0Penalty } from "../l0/penalty.ts";
import { certified } from "../core/certificate.ts";
import { DataError, OptionError } from "../core/errors.ts";
import type { Matrix, Samples, SparseMatrix, VectorLike } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import { affordableNodes, createStarts, solveAutomatically, startOf, type Starts } from "./auto.ts";
import type { SearchOptions } from "../l0/search.ts";
import { prepareData, type RegressionData } from "./data.ts";
import { coordinateDescent, localSearch, solveOn } from "./descent.ts";
import { type ExactSolution, mostFeatures, solveExactly } from "./exact.ts";
import { createLeastSquares, type LeastSquares, type SparseStart } from "./least_squares.ts";
import {
  type OpenRegressionOptions,
  type RegressionMethod,
  type RegressionOptions,
  type SparseRegressionOptions,
  sparseRegressionOptions,
} from "./options.ts";
import { plainObjective } from "./plain_objective.ts";
import { pause, priceOf, type Solution, type Task } from "./task.ts";
import { solutionInView } from "./views.ts";
import { type RegressionWork, regressionWork } from "./work.ts";
import { counted } from "../core/shown.ts";

/** A fitted sparse regression. */
export interface SparseRegression extends Result {
  /** One coefficient a feature, for the data as they came. */
  readonly coefficients: Float64Array;
  /** 0 where `intercept` is false. */
  readonly intercept: number;
  /** Features with a nonzero coefficient, and those of `always`, ascending. */
  readonly support: Uint32Array;
  /** Numbers fitted: those of the support, and the intercept where there is one. */
  readonly parameterCount: number;
  /** No solution has a lower objective; from `exact`, and from `auto` where it tried a certificate. */
  readonly lowerBound?: number;
  /** `(objective - lowerBound) / objective`, beside `lowerBound`. */
  readonly gap?: number;
  /** Relaxations solved, beside `lowerBound`. */
  readonly nodes?: number;
  /** What the data would not allow, in sentences: columns that are constant, features that depend on others. */
  readonly remarks: readonly string[];
}

/**
 * Best-subset regression: minimises `||y - b0 - X b||^2 / 2 + lambda0 ||b||_0 + lambda2 ||b||^2` over `|b_j| <= bigM` and
 * `lower_j <= b_j <= upper_j`, with `X` scaled to columns of mean square 1 unless `standardize` is false, and without `b0`
 * if `intercept` is. With `size` instead of `lambda0` it is the best subset of at most so many features. The coefficients
 * are the least-squares solution on their support, whatever the method.
 *
 * `coordinate-descent` finds a coordinate-wise minimum; `local-search` one that no feature more, less or in another's place
 * improves, all others fitted again; `exact` a solution with a certified gap by branch and bound. `auto` (the default)
 * searches from several starts, up to some hundred features also backward from all of them, and up to 60 features then
 * tries a certificate under a budget of nodes: its status is `converged` where the gap is proved, or where none was tried,
 * and `node-limit` where the budget has ended. One descent costs O(features x support) a sweep beside the Gram rows of the
 * features it touches, O(samples x features) each, a look at all moves O(support^2 features); the certificate may take
 * exponentially many nodes.
 *
 * @param X Samples as rows [samples, features], dense or sparse.
 * @param y One response a sample.
 * @throws {ShapeError} when `X` is empty or `y` has another number of samples
 * @throws {DataError} for NaN, infinities, and magnitudes beyond 1e100 or, unless 0, below 1e-100
 * @throws {OptionError} for an option out of its range, and unless exactly one of `lambda0` and `size` is given
 *
 * @example
 * ```ts
 * import { fromRows, sparseRegression } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1]]);
 * const fit = await sparseRegression(X, [3, 1, 3, 5], { lambda0: 0.1 });
 * if (fit.support.join() !== "0" || Math.abs(fit.coefficients[0] - 2) > 1e-9) throw new Error("y = 1 + 2 x0");
 * ```
 */
export async function sparseRegression(
  X: Matrix | SparseMatrix,
  y: VectorLike,
  options: SparseRegressionOptions,
): Promise<SparseRegression> {
  const resolved = resolveOptions(sparseRegressionOptions, options, "sparse regression");
  const { lambda0, size, initial } = resolved;
  if (lambda0 === undefined && size === undefined) {
    throw new OptionError(
      "lambda0",
      'The option "lambda0" of sparse regression is missing: expected a price from 0 to 1e100, or "size" instead.',
    );
  }
  if (lambda0 !== undefined && size !== undefined) {
    throw new OptionError("size", `Cannot use "size": expected it or "lambda0", received both.`);
  }
  const session = await openRegression(X, y, resolved);
  try {
    const start = initial && session.startAt(initial);
    return await (await session.fit({ lambda0, size }, start, true)).present();
  } finally {
    session.close();
  }
}

/** A price of each feature, or the most there may be. */
export interface Target {
  readonly lambda0?: number;
  readonly size?: number;
}

/** A fit, and what the next one along a path needs of it. */
export interface SessionFit {
  readonly solution: Solution;
  /** Features of the support, ascending. */
  readonly support: Uint32Array;
  /** The objective in the caller's units, as it was searched for. */
  readonly objective: number;
  /** Whether the time limit has ended it. */
  readonly isLate: boolean;
  /** The answer, solved directly on its support and judged by the caller's own data. */
  present(): Promise<SparseRegression>;
}

/** A data set made ready, for one fit or for many that share the Gram matrix. */
export interface RegressionSession {
  readonly problem: LeastSquares;
  readonly data: RegressionData;
  /** Coefficients of the caller's as a start. @throws {OptionError} for another number of them than of features */
  startAt(initial: ArrayLike<number>): SparseStart;
  /** What is minimised at a price; the caller's units. */
  taskAt(lambda0: number): Task;
  /** Fits at one price or size, from `start` on; `auto` tries a certificate where it may. */
  fit(target: Target, start?: SparseStart, certify?: boolean): Promise<SessionFit>;
  close(): void;
}

/** Options of a session, checked. */
export type ResolvedRegressionOptions = Resolved<RegressionOptions, OpenRegressionOptions>;

/** The fits that a session is planned for, and the run that they are a part of. */
export interface SessionPlan extends Pick<RegressionWork, "points" | "paths"> {
  readonly run?: Run;
}

/** Checks the data, plans, and puts them where the kernels run; the caller closes the session. */
export async function openRegression(
  X: Samples,
  response: VectorLike,
  options: ResolvedRegressionOptions,
  { run = startRun(options), ...planned }: SessionPlan = {},
): Promise<RegressionSession> {
  const { lambda2, method, gapTolerance, nodeLimit, branchingWidth, tolerance, maxIterations } = options;
  const data = await inSteps(
    prepareData(X, response, options),
    () => run.checkpoint({ stage: "load", fraction: 0, iteration: 0 }),
  );
  const [samples, features] = data.X.shape;
  const { always, hull } = data.constraints, { responseScale } = data;
  const flops = regressionWork({ ...planned, samples, features, method, nodeLimit });
  const workspace = await openWorkspace({ ...options, families: [denseFamily, l0Family], dtype: "f64", flops });
  try {
    const problem = await createLeastSquares(workspace, data, run), starts = createStarts();
    const search = { gapTolerance, nodeLimit, branchingWidth, run };
    const taskAt = (lambda0: number, size = features): Task => ({
      problem,
      penalty: l0Penalty(lambda0 / responseScale ** 2, lambda2, hull),
      size: Math.min(size, features),
      budget: { run, tolerance, sweepLimit: maxIterations, sweeps: 0, trace: [] },
    });
    return {
      problem,
      data,
      taskAt,
      startAt(initial) {
        if (initial.length !== features) {
          throw new OptionError(
            "initial",
            `Cannot use "initial": expected ${
              counted(features, "coefficient")
            }, one a feature, received ${initial.length}.`,
          );
        }
        const scaled = Float64Array.from(initial, (value, j) => {
          const scale = data.scales[j];
          return scale === Infinity ? 0 : value * scale / responseScale;
        });
        return startOf(taskAt(0), scaled);
      },
      async fit({ lambda0 = 0, size }, start, certify = false) {
        if (size !== undefined && size < always.length) {
          throw new OptionError(
            "size",
            `Cannot use "size": expected at least the ${always.length} features of "always", received ${size}.`,
          );
        }
        if (method === "exact" && size !== undefined && size < features && features > mostFeatures) {
          throw new OptionError(
            "size",
            `Cannot use "size": "exact" takes it with at most ${mostFeatures} features, received ${features}.`,
          );
        }
        const task = taskAt(lambda0, size), began = run.elapsedMs();
        const found = await solve(task, method, start, certify, starts, search);
        const solution: Solution & Partial<ExactSolution> = {
          ...found,
          ...await solutionInView(task, found.estimate.features) ?? await finished(task, found),
        };
        const elapsedMs = run.elapsedMs() - began;
        return {
          solution,
          support: supportOf(solution),
          objective: solution.objective * responseScale ** 2,
          isLate: (solution.status ?? task.budget.ended) === "time-limit",
          present: async () => present(data, task, await finished(task, solution), gapTolerance, workspace, elapsedMs),
        };
      },
      close: () => workspace.release(),
    };
  } catch (error) {
    workspace.release();
    throw error;
  }
}

async function solve(
  task: Task,
  method: RegressionMethod,
  start: SparseStart | undefined,
  certify: boolean,
  starts: Starts,
  search: SearchOptions,
): Promise<Solution | ExactSolution> {
  const from = start ?? { features: [], coefficients: [] };
  if (method === "coordinate-descent") return await coordinateDescent(task, from);
  if (method === "local-search") return await localSearch(task, from);
  const prove = method === "auto" && certify;
  const best = await solveAutomatically(task, start, starts, search, prove);
  return method === "exact" ? await solveExactly(task, best, { ...search, perturbAfter: affordableNodes(task) }) : best;
}

interface Finished extends Solution, Partial<Pick<ExactSolution, "lowerBound" | "nodes" | "status" | "remark">> {
  readonly dependent: readonly number[];
}

/** The solution with the least-squares coefficients of its support, as every answer has them. */
async function finished(task: Task, solution: Solution | ExactSolution): Promise<Finished> {
  const solved = await solveOn(task, solution.estimate.features);
  // The time may have ended the search for the bounds that bind.
  const isWorse = task.budget.ended === "time-limit" && solved.objective > solution.objective;
  return { ...solution, ...(isWorse ? { dependent: solved.dependent } : solved) };
}

function supportOf({ estimate }: Solution): Uint32Array {
  return Uint32Array.from(estimate.features).sort();
}

async function present(
  data: RegressionData,
  task: Task,
  solution: Finished,
  gapTolerance: number,
  workspace: Workspace,
  elapsedMs: number,
): Promise<SparseRegression> {
  const { means, scales, tails, responseMean, responseTail, responseScale } = data, { problem, budget } = task;
  const { features: active, coefficients: scaled } = solution.estimate;
  const coefficients = new Float64Array(problem.features);
  let intercept = responseMean, tail = responseTail;
  active.forEach((feature, i) => {
    const value = scaled[i] === 0 ? 0 : scaled[i] / scales[feature] * responseScale;
    if (!Number.isFinite(value)) {
      throw new DataError("X", `Cannot fit a sparse regression: the coefficient of column ${feature} overflows.`);
    }
    coefficients[feature] = value;
    intercept -= means[feature] * value;
    tail -= tails[feature] * value;
  });
  const support = supportOf(solution), square = responseScale ** 2;
  const { lowerBound } = solution, status = solution.status ?? budget.ended ?? "converged";
  const answer = { coefficients, support, intercept: intercept + tail };
  const { objective, rounding } = await inSteps(
    plainObjective(data, answer, solution.estimate, priceOf(task, solution.estimate), problem),
    () => pause(task, "objective", solution.objective),
  );
  const certificate = certified({
    objective: objective * square,
    rounding: rounding * square,
    searched: solution.objective * square,
    lowerBound: lowerBound === undefined ? undefined : Math.max(0, lowerBound) * square,
    gapTolerance,
    status,
  });
  return {
    ...answer,
    parameterCount: support.length + (data.intercept ? 1 : 0),
    ...certificate,
    ...(lowerBound !== undefined && { nodes: solution.nodes }),
    remarks: remarksOn(data, solution),
    trace: Float64Array.from(budget.trace, (value) => value * square),
    iterations: budget.sweeps,
    elapsedMs,
    plan: workspace.plan,
  };
}

/** Columns that are named at most. */
const mostNamed = 10;

function remarksOn({ scales, intercept }: RegressionData, { dependent, remark }: Finished): string[] {
  const remarks: string[] = [];
  const empty: number[] = [];
  for (let j = 0; j < scales.length; j++) if (scales[j] === Infinity) empty.push(j);
  if (empty.length > 0) {
    const what = intercept ? "constant, or varying by rounding alone" : "zero";
    remarks.push(`${named(empty, "C")} ${what}: nothing follows from ${empty.length > 1 ? "them" : "it"}.`);
  }
  if (dependent.length > 0) {
    remarks.push(
      `The support has no full rank: ${named(dependent)} a combination of its others, and has no part in it.`,
    );
  }
  if (remark !== undefined) remarks.push(remark);
  return remarks;
}

function named(columns: readonly number[], initial: "C" | "c" = "c"): string {
  if (columns.length === 1) return `${initial}olumn ${columns[0]} is`;
  const more = columns.length > mostNamed ? ` and ${columns.length - mostNamed} more` : "";
  return `${initial}olumns ${columns.slice(0, mostNamed).join(", ")}${more} are`;
}
