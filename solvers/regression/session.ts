/** Data made ready for fits. @module */

import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { l0Family } from "../../kernels/families/l0.ts";
import { OptionError } from "../core/errors.ts";
import type { Samples, VectorLike } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { plainDot } from "../core/plain_sums.ts";
import { type Run, startRun } from "../core/run.ts";
import { counted } from "../core/shown.ts";
import { inSteps } from "../core/steps.ts";
import { l0Penalty } from "../l0/penalty.ts";
import type { SearchOptions } from "../l0/search.ts";
import { type Finished, present, type SparseRegression, supportOf } from "./answer.ts";
import { affordableNodes, createStarts, solveAutomatically, startOf, type Starts } from "./auto.ts";
import { prepareData, type RegressionData } from "./data.ts";
import { coordinateDescent, localSearch, solveOn } from "./descent.ts";
import { type ExactSolution, mostFeatures, solveExactly } from "./exact.ts";
import { createLeastSquares } from "./gram_problem.ts";
import type { LeastSquares, SparseStart } from "./least_squares.ts";
import { centredResponse } from "./load_columns.ts";
import type { OpenRegressionOptions, RegressionMethod, RegressionOptions } from "./options.ts";
import { priceOf, type Solution, type Task } from "./task.ts";
import { solutionInView } from "./views.ts";
import { type RegressionWork, regressionWork } from "./work.ts";

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
  readonly run: Run;
}

/** Data that are checked, and where they are to be put. */
interface Opened {
  readonly data: RegressionData;
  readonly workspace: Workspace;
  readonly options: ResolvedRegressionOptions;
  readonly run: Run;
}

async function open(
  X: Samples,
  response: VectorLike,
  options: ResolvedRegressionOptions,
  { run, ...planned }: SessionPlan,
): Promise<Opened> {
  const data = await inSteps(
    prepareData(X, response, options),
    () => run.checkpoint({ stage: "load", fraction: 0, iteration: 0 }),
  );
  const [samples, features] = data.X.shape, { method, nodeLimit } = options;
  const flops = regressionWork({ ...planned, samples, features, method, nodeLimit });
  const workspace = await openWorkspace({ ...options, families: [denseFamily, l0Family], dtype: "f64", flops });
  return { data, workspace, options, run };
}

/** Checks the data, plans, and puts them where the kernels run; the caller closes the session. */
export async function openRegression(
  X: Samples,
  response: VectorLike,
  options: ResolvedRegressionOptions,
  planned: SessionPlan = { run: startRun(options) },
): Promise<RegressionSession> {
  const opened = await open(X, response, options, planned), { workspace, data, run } = opened;
  try {
    return sessionOn((await createLeastSquares(workspace, data, run))!, opened);
  } catch (error) {
    workspace.release();
    throw error;
  }
}

/**
 * One fit. Where the time is up before the data are ready, and nothing must be in the support, the answer is the empty
 * model.
 */
export async function fitOnce(
  X: Samples,
  response: VectorLike,
  options: ResolvedRegressionOptions,
  target: Target,
  initial: ArrayLike<number> | undefined,
): Promise<SparseRegression> {
  const opened = await open(X, response, options, { run: startRun(options) }), { workspace, data, run } = opened;
  try {
    const mayStayEmpty = initial === undefined && data.constraints.always.length === 0;
    const problem = await createLeastSquares(workspace, data, run, mayStayEmpty);
    const answer = problem ? await fitOn(problem) : await presentEmpty(opened, target);
    return { ...answer, elapsedMs: run.elapsedMs() };
  } finally {
    workspace.release();
  }

  async function fitOn(problem: LeastSquares): Promise<SparseRegression> {
    const session = sessionOn(problem, opened);
    return await (await session.fit(target, initial && session.startAt(initial), true)).present();
  }
}

/** The empty model, from the response alone. */
function presentEmpty(
  { data, workspace, options: { method, gapTolerance, tolerance, maxIterations }, run }: Opened,
  { lambda0 = 0, size }: Target,
): Promise<SparseRegression> {
  const nothing = new Float64Array(0), nullLoss = halfSquareOf(data);
  const solution: Finished = {
    estimate: { features: [], coefficients: nothing, correlations: nothing },
    objective: nullLoss,
    dependent: [],
    status: "time-limit",
    // Any other support costs one feature at least.
    ...method === "exact" && {
      lowerBound: size === undefined ? Math.min(nullLoss, lambda0 / data.responseScale ** 2) : 0,
      nodes: 0,
    },
  };
  const budget = { run, tolerance, sweepLimit: maxIterations, sweeps: 0, trace: [nullLoss] };
  const problem = { nullLoss, squaredNorms: nothing }, elapsedMs = run.elapsedMs();
  return present(solution, { data, problem, budget, price: 0, gapTolerance, plan: workspace.plan, elapsedMs });
}

function halfSquareOf(data: RegressionData): number {
  const response = centredResponse(data);
  return plainDot(response, response) / 2;
}

function sessionOn(problem: LeastSquares, { data, workspace, options, run }: Opened): RegressionSession {
  const { lambda2, method, gapTolerance, nodeLimit, branchingWidth, tolerance, maxIterations } = options;
  const { features } = problem, { constraints: { always, hull }, responseScale } = data;
  const starts = createStarts();
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
        async present() {
          const answer = await finished(task, solution), price = priceOf(task, answer.estimate);
          return await present(answer, {
            data,
            problem,
            budget: task.budget,
            price,
            gapTolerance,
            plan: workspace.plan,
            elapsedMs,
          });
        },
      };
    },
    close: () => workspace.release(),
  };
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

/** The solution with the least-squares coefficients of its support, as every answer has them. */
async function finished(task: Task, solution: Solution | ExactSolution): Promise<Finished> {
  const solved = await solveOn(task, solution.estimate.features);
  // The time may have ended the search for the bounds that bind.
  const isWorse = task.budget.ended === "time-limit" && solved.objective > solution.objective;
  return { ...solution, ...(isWorse ? { dependent: solved.dependent } : solved) };
}
