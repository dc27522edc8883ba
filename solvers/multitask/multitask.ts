import { shown } from "../core/shown.ts";
import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { l0Family } from "../../kernels/families/l0.ts";
import { certified } from "../core/certificate.ts";
import { DataError } from "../core/errors.ts";
import { type Matrix, matrix, type Samples } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result, Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { inSteps, type Steps, throughSteps, untilTimeIsUp } from "../core/steps.ts";
import { checkTasks, type MultiTaskData, type MultiTaskInput, prepareTasks, type Tasks } from "./data.ts";
import { descend } from "./descent.ts";
import { searchExactly } from "./exact.ts";
import { type Penalties, rankingOf, type Supports } from "./objective.ts";
import {
  type MultiTaskOptions,
  type OpenMultiTaskOptions,
  type ResolvedPenalties,
  type SparseMultiTaskOptions,
  sparseMultiTaskOptions,
} from "./options.ts";
import { plainObjective } from "./plain_objective.ts";
import { createProblem, type MultiTaskProblem, type ScaledTask, scaledTasks, type SearchLimits } from "./problem.ts";
import { type MultiTaskSolution, solveSupports } from "./solution.ts";
import { mostStacked, type Stacking, stackingOf } from "./stacking.ts";
import { nothingKnown, type Point, searchFromStarts } from "./starts.ts";
import { multiTaskWork } from "./work.ts";

/** Fitted sparse regressions of several tasks. */
export interface SparseMultiTask extends Result {
  /** Coefficients for the data as they came [features, tasks]. */
  readonly coefficients: Matrix;
  /** One a task; 0 where `intercept` is false. */
  readonly intercepts: Float64Array;
  /** Features of each task, ascending. */
  readonly supports: readonly Uint32Array[];
  /** What the tasks are called: by predictions, too. */
  readonly taskNames: readonly string[];
  /** Mean squared error of each task on its own samples, by their weights. */
  readonly meanSquaredErrors: Float64Array;
  /**
   * How the tasks together predict a new one; nothing where one `X` has many responses, for more than 250 tasks, and where
   * the time was up.
   */
  readonly stacking?: Stacking;
  /** No solution has a lower objective; from `exact`, and from `auto` where it tried a certificate. */
  readonly lowerBound?: number;
  /** `(objective - lowerBound) / objective`, beside `lowerBound`. */
  readonly gap?: number;
  /** Nodes solved, beside `lowerBound`. */
  readonly nodes?: number;
  /** What the data would not allow, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * Sparse regressions of several tasks that share supports, values, or both (Loewinger, Behdin, Kishida, Parmigiani &
 * Mazumder 2022): minimises, over coefficients `b_k` with at most `support` nonzeros `z_k`,
 *
 *     sum_k ||y_k - b_0k - X_k b_k||^2 / (2 n_k) + ridge/2 sum_k ||b_k||^2
 *       + valueSharing/2 sum_k ||b_k - mean b||^2 + supportSharing/2 sum_k ||z_k - mean z||^2
 *
 * With all prices 0 the tasks are independent; `supportSharing` without end, or `commonSupport`, gives them one support.
 * Tasks have samples of their own, or are the responses (columns of `Y`) of one `X`. The loss is a mean: of weighted samples
 * by their weights, times the task's weight.
 *
 * Local search by moves of one feature, all other coefficients of the task fitted again, from several starts: the tasks by
 * themselves, their common support, nothing. The coefficients are the least-squares solution on their supports. `exact`
 * adds branch and bound, and `auto` tries it under a budget of nodes where tasks times features are up to 60. A look at all
 * moves of a task costs O(support^2 features); the certificate may take exponentially many nodes.
 *
 * @param tasks Tasks of their own, `{ X, y }` each, or one `X` [samples, features].
 * @param options The options; of one `X`, its responses `Y` [samples, tasks] come before them.
 * @throws {ShapeError} when there is nothing to fit, or sizes do not fit together
 * @throws {DataError} for NaN, infinities, and magnitudes beyond 1e100 or, unless 0, below 1e-100
 * @throws {OptionError} for an option out of its range
 *
 * @example
 * ```ts
 * import { fromRows, sparseMultiTask } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1], [0, 2, 0]]);
 * const fit = await sparseMultiTask([{ X, y: [2, 0, 2, 4, 0] }, { X, y: [3, 0, 3, 6, 0] }], { support: 1 });
 * if (fit.supports.some((support) => support.join() !== "0")) throw new Error("both follow the first feature");
 * ```
 */
export function sparseMultiTask(
  tasks: readonly MultiTaskInput[],
  options: SparseMultiTaskOptions,
): Promise<SparseMultiTask>;
/** The same for the responses of one `X`, the columns of `Y` [samples, tasks]. */
export function sparseMultiTask(X: Samples, Y: Matrix, options: SparseMultiTaskOptions): Promise<SparseMultiTask>;
export async function sparseMultiTask(
  given: readonly MultiTaskInput[] | Samples,
  second: Matrix | SparseMultiTaskOptions,
  third?: SparseMultiTaskOptions,
): Promise<SparseMultiTask> {
  const { Y, options } = responsesAndOptions(given, second, third);
  const resolved = resolveOptions(sparseMultiTaskOptions, options, "multi-task regression");
  const run = startRun(resolved), tasks = checkTasks(given, Y, resolved.weights);
  const session = await openMultiTask([tasks], resolved, { run });
  try {
    const { support, ridge, valueSharing, supportSharing } = resolved;
    return await session.fit({ support, ridge, valueSharing, supportSharing }, { certify: true });
  } finally {
    session.close();
  }
}

/** Which argument is what: of one `X`, the responses come between it and the options. */
export function responsesAndOptions<O>(
  given: readonly MultiTaskInput[] | Samples,
  second: Matrix | O | undefined,
  third: O | undefined,
): { Y: Matrix | undefined; options: O | undefined } {
  if (typeof given !== "object" || given === null || !("shape" in given) && !Array.isArray(given)) {
    throw new TypeError(
      `Cannot fit a multi-task regression: "tasks" must be an array of { X, y }, or one "X", received ${shown(given)}.`,
    );
  }
  if (Array.isArray(given)) return { Y: undefined, options: second as O | undefined };
  return { Y: second as Matrix | undefined, options: third };
}

/** Options of a session, checked. */
export type ResolvedMultiTaskOptions = Resolved<MultiTaskOptions, OpenMultiTaskOptions>;

/** How one of several fits is made. */
export interface FitPlan {
  /** A certificate is tried where `auto` may. */
  readonly certify?: boolean;
  /** Supports of a fit before. */
  readonly warm?: readonly (readonly number[])[];
}

/** Data sets made ready, for one fit or for many. */
export interface MultiTaskSession {
  readonly data: readonly MultiTaskData[];
  readonly problem: MultiTaskProblem;
  readonly limits: SearchLimits;
  /** Penalties of a data set as it is scaled. */
  scaled(penalties: ResolvedPenalties, set: number): Penalties;
  /** The best supports of some points at once, by local search. */
  search(points: readonly Point[]): Promise<Supports[]>;
  /** Fits the first data set. */
  fit(penalties: ResolvedPenalties, plan?: FitPlan): Promise<SparseMultiTask>;
  close(): void;
}

/** What a session is planned for. */
export interface SessionPlan {
  readonly run: Run;
  /** Fits of each data set. @default 1 */
  readonly points?: number;
}

/** Tasks times features up to which `auto` tries a certificate, and the nodes that it may take. */
const mostCertified = 60, certificateNodes = 400;

/** Data sets, centred and scaled. */
interface PreparedSets {
  readonly data: readonly MultiTaskData[];
  readonly scaledSets: readonly (readonly ScaledTask[])[];
}

function* prepareSets(sets: readonly Tasks[], options: ResolvedMultiTaskOptions): Steps<PreparedSets> {
  const data: MultiTaskData[] = [], scaledSets: ScaledTask[][] = [];
  for (const tasks of sets) {
    data.push(yield* prepareTasks(tasks, options));
    scaledSets.push(yield* scaledTasks(data.at(-1)!));
    yield;
  }
  return { data, scaledSets };
}

const preparing = (run: Run) => () => run.checkpoint({ stage: "preparation", fraction: 0, iteration: 0 });

/** Prepares data sets, plans, and puts them where the kernels run; the caller closes the session. */
export async function openMultiTask(
  sets: readonly Tasks[],
  options: ResolvedMultiTaskOptions,
  plan: SessionPlan,
): Promise<MultiTaskSession> {
  const prepared = await throughSteps(prepareSets(sets, options), preparing(plan.run));
  return openPrepared(sets, prepared, options, plan);
}

/** The same; nothing where the time is up before the data sets are prepared. */
export async function openMultiTaskInTime(
  sets: readonly Tasks[],
  options: ResolvedMultiTaskOptions,
  plan: SessionPlan,
): Promise<MultiTaskSession | undefined> {
  const prepared = await inSteps(untilTimeIsUp(prepareSets(sets, options)), preparing(plan.run));
  return prepared && openPrepared(sets, prepared, options, plan);
}

async function openPrepared(
  sets: readonly Tasks[],
  { data, scaledSets }: PreparedSets,
  options: ResolvedMultiTaskOptions,
  { run, points = 1 }: SessionPlan,
): Promise<MultiTaskSession> {
  const flops = multiTaskWork(sets, points);
  const workspace = await openWorkspace({ ...options, families: [denseFamily, l0Family], dtype: "f64", flops });
  try {
    const problem = await createProblem(workspace, scaledSets, preparing(run)), known = nothingKnown();
    let isFirst = true;
    const limits: SearchLimits = { run, tolerance: options.tolerance, moveLimit: options.maxIterations, moves: 0 };
    const scaled = (given: ResolvedPenalties, set: number): Penalties => ({
      ...given,
      support: Math.min(given.support, problem.features),
      supportSharing: given.supportSharing / data[set].responseScale ** 2,
      common: options.commonSupport,
    });
    const search = (points: readonly Point[]) =>
      options.localSearch
        ? searchFromStarts(problem, points, known, limits)
        : Promise.all(points.map((point) => descendFromStarts(problem, point, limits)));
    return {
      data,
      problem,
      limits,
      scaled,
      search,
      close: () => workspace.release(),
      async fit(given, { certify = false, warm } = {}) {
        // What comes before the first fit belongs to it.
        const began = isFirst ? 0 : run.elapsedMs(), penalties = scaled(given, 0), moves = limits.moves;
        isFirst = false;
        const [found] = await search([{ data: 0, penalties, warm }]);
        const pause = () => run.checkpoint({ stage: "coefficients", fraction: 0, iteration: limits.moves });
        const set = problem.sets[0];
        let solution = await solveSupports(set.scaled, found.features, penalties, pause);
        const trace = [set.nullLoss, solution.objective];
        let outcome: { status: Status; lowerBound: number; nodes: number } | undefined;
        const tries = certify && problem.tasks * problem.features <= mostCertified;
        if (options.method === "exact" || options.method === "auto" && tries) {
          const nodeLimit = options.method === "exact"
            ? options.nodeLimit
            : Math.min(options.nodeLimit, certificateNodes);
          const exact = await searchExactly(
            set.scaled,
            penalties,
            solution,
            { gapTolerance: options.gapTolerance, branchingWidth: options.branchingWidth, nodeLimit, run },
            trace,
          );
          outcome = exact;
          solution = exact.solution;
        }
        const { coefficients, intercepts } = unscaled(data[0], solution);
        const stacking = data[0].shared
          ? undefined
          : await inSteps(stackingOf(data[0], coefficients, intercepts), pause);
        return present(data[0], {
          solution,
          coefficients,
          intercepts,
          stacking,
          penalties,
          given,
          trace,
          outcome,
          status: outcome?.status ?? limits.ended ?? "converged",
          gapTolerance: options.gapTolerance,
          iterations: limits.moves - moves,
          elapsedMs: () => run.elapsedMs() - began,
          workspace,
        });
      },
    };
  } catch (error) {
    workspace.release();
    throw error;
  }
}

/** The best of several descents: of the tasks by themselves, of their common support, and from both on. */
async function descendFromStarts(
  { tasks, sets }: MultiTaskProblem,
  { data, penalties, warm }: Point,
  limits: SearchLimits,
): Promise<Supports> {
  const { scaled } = sets[data], nothing = Array.from({ length: tasks }, (): number[] => []);
  const alone = { ...penalties, valueSharing: 0, supportSharing: 0, common: false };
  const from = [
    nothing,
    ...(warm ? [warm] : []),
    (await descend(scaled, { ...penalties, common: true }, nothing, limits)).features,
    ...(penalties.common ? [] : [(await descend(scaled, alone, nothing, limits)).features]),
  ];
  let best: Supports | undefined, least = Infinity;
  for (const start of from) {
    const { features } = await descend(scaled, penalties, start, limits);
    const solved = await solveSupports(scaled, features, penalties, () => Promise.resolve());
    const value = rankingOf(solved, penalties, sets[data]);
    if (!best || value < least) {
      best = solved;
      least = value;
    }
    if (limits.ended) break;
  }
  return best!;
}

interface Finished {
  readonly solution: MultiTaskSolution;
  readonly coefficients: Matrix;
  readonly intercepts: Float64Array;
  readonly stacking: Stacking | undefined;
  readonly penalties: Penalties;
  readonly given: ResolvedPenalties;
  readonly trace: readonly number[];
  readonly outcome?: { readonly lowerBound: number; readonly nodes: number };
  readonly status: Status;
  readonly gapTolerance: number;
  readonly iterations: number;
  /** Since the fit began. */
  readonly elapsedMs: () => number;
  readonly workspace: Workspace;
}

/** A solution for the data as they came. */
function unscaled(
  data: MultiTaskData,
  solution: MultiTaskSolution,
): { coefficients: Matrix; intercepts: Float64Array } {
  const { prepared, scales, responseScale, features, intercept } = data, tasks = prepared.length;
  const coefficients = matrix(features, tasks), intercepts = new Float64Array(tasks);
  prepared.forEach(({ moments: { means, tails }, responseMean, responseTail }, k) => {
    let value = responseMean, tail = responseTail;
    solution.features[k].forEach((j, i) => {
      const scaled = solution.values[k][i], own = scaled === 0 ? 0 : scaled / scales[j] * responseScale;
      if (!Number.isFinite(own)) {
        throw new DataError(
          data.shared ? "X" : `tasks[${k}].X`,
          `Cannot fit a multi-task regression: the coefficient of column ${j} overflows.`,
        );
      }
      coefficients.data[j * tasks + k] = own;
      value -= means[j] * own;
      tail -= tails[j] * own;
    });
    intercepts[k] = intercept ? value + tail : 0;
  });
  return { coefficients, intercepts };
}

function present(data: MultiTaskData, finished: Finished): SparseMultiTask {
  const { solution, coefficients, intercepts, stacking, penalties, trace, outcome, workspace } = finished;
  const { prepared, responseScale } = data;
  const supports = solution.features.map((one) => Uint32Array.from(one)), square = responseScale ** 2;
  const plain = plainObjective(data, solution, { coefficients, intercepts }, penalties);
  const certificate = certified({
    objective: plain.objective * square,
    rounding: plain.rounding * square,
    searched: solution.objective * square,
    lowerBound: outcome && Math.max(0, outcome.lowerBound) * square,
    gapTolerance: finished.gapTolerance,
    status: finished.status,
  });
  return {
    coefficients,
    intercepts,
    supports,
    taskNames: prepared.map(({ name }) => name),
    meanSquaredErrors: plain.meanSquaredErrors,
    ...(stacking && { stacking }),
    ...certificate,
    ...(outcome && { nodes: outcome.nodes }),
    remarks: remarksOn(data, finished),
    trace: Float64Array.from(trace, (value) => value * square),
    iterations: finished.iterations,
    elapsedMs: finished.elapsedMs(),
    plan: workspace.plan,
  };
}

/** Things that are named at most. */
const mostNamed = 10;

function remarksOn(
  { prepared, scales, intercept, features, shared }: MultiTaskData,
  { solution: { dependent }, given, stacking }: Finished,
): string[] {
  const remarks: string[] = [], what = intercept ? "constant, or varying by rounding alone" : "zero";
  const nothing = `${what}: nothing follows from`;
  const list = (numbers: readonly (number | string)[]) =>
    numbers.slice(0, mostNamed).join(", ") +
    (numbers.length > mostNamed ? ` and ${numbers.length - mostNamed} more` : "");
  const empty = Array.from(scales.keys()).filter((j) => scales[j] === Infinity);
  if (empty.length === 1) remarks.push(`Column ${empty[0]} is ${nothing} it.`);
  if (empty.length > 1) remarks.push(`Columns ${list(empty)} are ${nothing} them.`);
  const short = prepared.filter(({ y }) => y.length === 1).map(({ name }) => name);
  if (short.length > 0 && intercept) {
    remarks.push(
      `${short.length > 1 ? "Tasks" : "Task"} ${list(short)} of one sample: nothing but an intercept follows from ${
        short.length > 1 ? "them" : "it"
      }.`,
    );
  }
  const constant = prepared.filter(({ y, isConstant }) => isConstant && y.length > 1).map(({ name }) => name);
  if (constant.length > 0) {
    remarks.push(
      `The response of ${constant.length > 1 ? "tasks" : "task"} ${
        list(constant)
      } is constant: nothing follows from it.`,
    );
  }
  if (given.support > features) {
    remarks.push(
      `There ${
        features === 1 ? "is 1 feature" : `are ${features} features`
      }: no task can have the ${given.support} of "support".`,
    );
  }
  dependent.forEach((columns, k) => {
    const own = columns.filter((j) => !prepared[k].isEmpty[j]);
    if (own.length > 0) {
      const which = own.length > 1 ? `columns ${list(own)} have` : `column ${list(own)} has`;
      remarks.push(`The support of task ${prepared[k].name} has no full rank: ${which} no part in it.`);
    }
  });
  if (!shared && !stacking) {
    const why = prepared.length > mostStacked ? `they are of up to ${mostStacked} tasks` : "the time was up";
    remarks.push(`There is nothing for stacked predictions: ${why}.`);
  }
  return remarks;
}
