/** Data sets made ready for fits, and the fits. @module */

import { openWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { l0Family } from "../../kernels/families/l0.ts";
import type { Resolved } from "../core/options.ts";
import type { Status } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { inSteps, type Steps, throughSteps, untilTimeIsUp } from "../core/steps.ts";
import { present, type SparseMultiTask, unscaled } from "./answer.ts";
import { type MultiTaskData, prepareTasks, type Tasks } from "./data.ts";
import { descend } from "./descent.ts";
import { searchExactly } from "./exact.ts";
import { type Penalties, rankingOf, type Supports } from "./objective.ts";
import type { MultiTaskOptions, OpenMultiTaskOptions, ResolvedPenalties } from "./options.ts";
import { createProblem, type MultiTaskProblem, type SearchLimits } from "./problem.ts";
import { type ScaledTask, scaledTasks } from "./scaled_tasks.ts";
import { solveSupports } from "./solution.ts";
import { stackingOf } from "./stacking.ts";
import { nothingKnown, type Point, searchFromStarts } from "./starts.ts";
import { multiTaskWork } from "./work.ts";

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
