/** The choice among the penalties of a grid. @module */

import { type Matrix, matrix, type Samples } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { inSteps, untilTimeIsUp } from "../core/steps.ts";
import { checkTasks, type MultiTaskData, type MultiTaskInput, type TaskSamples } from "./data.ts";
import { gridOf } from "./grid.ts";
import type { SparseMultiTask } from "./answer.ts";
import { responsesAndOptions } from "./multitask.ts";
import { type MultiTaskSession, openMultiTask, openMultiTaskInTime } from "./session.ts";
import { type Fold, foldsOfRows, foldsOfTasks } from "./folds.ts";
import {
  crossValidateMultiTaskOptions,
  type MultiTaskCrossValidationOptions,
  type OpenMultiTaskOptions,
  type ResolvedPenalties,
} from "./options.ts";
import { type MultiTaskModel, predictMultiTask } from "./prediction.ts";
import type { Supports } from "./objective.ts";
import { stackingOf } from "./stacking.ts";

/** A point of the grid, and how well it predicts. */
export interface MultiTaskValidation extends ResolvedPenalties {
  /** Mean over the tasks of their mean squared error of prediction; infinite where the time was up before any was known. */
  readonly meanSquaredError: number;
  /** Standard error of that mean over the folds. */
  readonly standardError: number;
  /** Mean squared error of each task. */
  readonly taskErrors: Float64Array;
}

/** Cross-validated errors of a grid, and the fit at the point that they choose. */
export interface MultiTaskCrossValidation {
  /** The points, in the order of the path. */
  readonly table: readonly MultiTaskValidation[];
  /** Index of the chosen point; where the time was up before any error was known, of the least support. */
  readonly best: number;
  /** The chosen point, fitted to all data. */
  readonly fit: SparseMultiTask & ResolvedPenalties;
  /** `time-limit` where the time was up before all was fitted. */
  readonly status: Status;
  /** Wall-clock time of the whole call, in milliseconds. */
  readonly elapsedMs: number;
}

type Options = Resolved<MultiTaskCrossValidationOptions, OpenMultiTaskOptions | "grid" | "folds">;

/** Share of the time limit that the folds may take. */
const shareOfFolds = 0.8;

/**
 * Cross-validation of a grid of penalties. Each fold holds out rows of every task, or with `leaveOut: "tasks"` a whole task,
 * which the others predict. Centres and scales are those of the rows that a fold is fitted to; the loss is a mean, so that
 * penalties mean the same in a fold. All folds of a point are fitted at once, by local search. Errors are means over the
 * tasks, each task as much as any other. Time limit, progress and abort are those of the whole call.
 *
 * @param tasks Tasks of their own, `{ X, y }` each, or one `X` [samples, features].
 * @param options The options; of one `X`, its responses `Y` [samples, tasks] come before them.
 * @throws as {@linkcode sparseMultiTask} does, and {@linkcode OptionError} for folds that the samples do not have
 *
 * @example
 * ```ts
 * import { crossValidateMultiTask, fromRows } from "@minima/minima";
 * const X = fromRows([[1, 0], [0, 1], [2, 1], [3, 0], [4, 1], [5, 0]]);
 * const tasks = [{ X, y: [2, 0.1, 4.1, 5.9, 8, 10] }, { X, y: [3, 0, 6.2, 9, 12.1, 15] }];
 * const { fit } = await crossValidateMultiTask(tasks, { folds: 3, grid: { support: [0, 1] } });
 * if (fit.supports.some((support) => support.join() !== "0")) throw new Error("both follow the first feature");
 * ```
 */
export function crossValidateMultiTask(
  tasks: readonly MultiTaskInput[],
  options?: MultiTaskCrossValidationOptions,
): Promise<MultiTaskCrossValidation>;
/** The same for the responses of one `X`, the columns of `Y` [samples, tasks]. */
export function crossValidateMultiTask(
  X: Samples,
  Y: Matrix,
  options?: MultiTaskCrossValidationOptions,
): Promise<MultiTaskCrossValidation>;
export async function crossValidateMultiTask(
  given: readonly MultiTaskInput[] | Samples,
  second?: Matrix | MultiTaskCrossValidationOptions,
  third?: MultiTaskCrossValidationOptions,
): Promise<MultiTaskCrossValidation> {
  const { Y, options } = responsesAndOptions(given, second, third);
  const resolved = resolveOptions(crossValidateMultiTaskOptions, options, "multi-task cross-validation");
  const run = startRun(resolved), tasks = checkTasks(given, Y, resolved.weights);
  const folds = resolved.leaveOut === "tasks" ? foldsOfTasks(tasks, resolved) : await inSteps(
    untilTimeIsUp(foldsOfRows(tasks, resolved)),
    () => run.checkpoint({ stage: "folds", fraction: 0, iteration: 0 }),
  );
  // The fit to all data is opened first: it refuses what no fold can have, and makes the grid.
  const whole = await openMultiTask([tasks], resolved, { run });
  try {
    const grid = gridOf(resolved.grid, whole.data[0], resolved.commonSupport);
    const errors: Errors[] = grid.map(() => undefined);
    const timeIsUp = !folds || await validate(folds, grid, errors, resolved, run);
    const table = grid.map((penalties, at): MultiTaskValidation => ({ ...penalties, ...summary(errors[at]) }));
    const best = choose(table, resolved.rule);
    const fit = await whole.fit(grid[best], { certify: true });
    const status = timeIsUp ? "time-limit" : "converged";
    return { table, best, fit: { ...fit, ...grid[best] }, status, elapsedMs: run.elapsedMs() };
  } finally {
    whole.close();
  }
}

/** Squared errors of a point: of each fold the errors of its tasks, NaN where it holds nothing of them. */
type Errors = Float64Array[] | undefined;

/** Writes the errors of the points, as many as there is time for. @returns whether the time was up */
async function validate(
  folds: readonly Fold[],
  grid: readonly ResolvedPenalties[],
  errors: Errors[],
  options: Options,
  whole: Run,
): Promise<boolean> {
  let done = 0;
  const run: Run = {
    elapsedMs: whole.elapsedMs,
    async checkpoint(state) {
      const timeIsUp = await whole.checkpoint({
        ...state,
        stage: "cross-validation",
        fraction: done / (grid.length + 1),
      });
      return timeIsUp || whole.elapsedMs() >= shareOfFolds * options.timeLimitMs;
    },
  };
  const { taskWeights } = options, tasks = options.leaveOut === "tasks" ? folds.length : folds[0].training.tasks.length;
  // Folds that leave tasks out have other weights of tasks, each fold its own.
  const parts = options.leaveOut === "tasks" && taskWeights
    ? folds.map(({ training }, fold) => ({
      sets: [training],
      options: { ...options, taskWeights: taskWeights.filter((_, k) => k !== fold) },
    }))
    : [{ sets: folds.map(({ training }) => training), options }];
  const opened: MultiTaskSession[] = [];
  try {
    for (const part of parts) {
      const session = await openMultiTaskInTime(part.sets, part.options, { run, points: grid.length });
      if (!session) return true;
      opened.push(session);
    }
    const places = folds.map((_, fold) =>
      opened.length > 1 ? { session: opened[fold], set: 0 } : { session: opened[0], set: fold }
    );
    // Points that differ in their ridge alone are a step: each ridge is a chain, started at its point before.
    const warm = new Map<string, readonly (readonly number[])[]>();
    const chain = (fold: number, point: number) => `${fold} ${grid[point].ridge}`;
    for (const step of stepsOf(grid)) {
      const searched: { readonly fold: number; readonly point: number; readonly supports: Supports }[] = [];
      for (const session of opened) {
        const own = places.flatMap((place, fold) =>
          place.session === session ? step.map((point) => ({ set: place.set, fold, point })) : []
        );
        const found = await session.search(own.map(({ set, fold, point }) => ({
          data: set,
          penalties: session.scaled(grid[point], set),
          warm: warm.get(chain(fold, point)),
        })));
        own.forEach(({ fold, point }, at) => searched.push({ fold, point, supports: found[at] }));
      }
      if (opened.some(({ limits }) => limits.ended === "time-limit")) return true;
      const known = new Map(step.map((point) => [point, folds.map(() => new Float64Array(tasks).fill(NaN))]));
      for (const { fold, point, supports } of searched) {
        const { session, set } = places[fold], { held } = folds[fold], own = known.get(point)![fold];
        const model = await modelOf(session.data[set], supports, held.some(({ by }) => by === "stacked"), run);
        if (!model) return true;
        for (const { task, samples, by } of held) own[task] = errorOf(predictMultiTask(model, samples.X, by), samples);
        warm.set(chain(fold, point), supports.features);
        if (await run.checkpoint({ stage: "errors", fraction: 0, iteration: 0 })) return true;
      }
      for (const [point, own] of known) errors[point] = own;
      done += step.length;
    }
    return false;
  } finally {
    for (const session of opened) session.close();
  }
}

/** Points that are searched for at once, in the order of the grid: those that differ in their ridge alone. */
function stepsOf(grid: readonly ResolvedPenalties[]): number[][] {
  const steps = new Map<string, number[]>();
  grid.forEach(({ support, valueSharing, supportSharing }, point) => {
    const name = `${support} ${valueSharing} ${supportSharing}`, known = steps.get(name);
    if (known) known.push(point);
    else steps.set(name, [point]);
  });
  return [...steps.values()];
}

/** What supports of scaled data predict; nothing where the time was up before they were stacked. */
async function modelOf(
  data: MultiTaskData,
  { features: supports, values }: Supports,
  stacked: boolean,
  run: Run,
): Promise<MultiTaskModel | undefined> {
  const { prepared, scales, responseScale, intercept, features } = data, tasks = prepared.length;
  const coefficients = matrix(features, tasks), intercepts = new Float64Array(tasks);
  prepared.forEach(({ moments: { means, tails }, responseMean, responseTail }, k) => {
    let value = responseMean + responseTail;
    supports[k].forEach((j, i) => {
      const own = values[k][i] === 0 ? 0 : values[k][i] / scales[j] * responseScale;
      coefficients.data[j * tasks + k] = own;
      value -= (means[j] + tails[j]) * own;
    });
    if (intercept) intercepts[k] = value;
  });
  const model = { coefficients, intercepts, taskNames: prepared.map(({ name }) => name) };
  if (!stacked) return model;
  const pause = () => run.checkpoint({ stage: "stacking", fraction: 0, iteration: 0 });
  const stacking = await inSteps(stackingOf(data, coefficients, intercepts), pause);
  return stacking && { ...model, stacking };
}

function errorOf(predicted: Float64Array, { y, weights }: TaskSamples): number {
  let sum = 0, total = 0;
  for (let i = 0; i < y.length; i++) {
    const weight = weights ? weights[i] : 1;
    sum += weight * (y[i] - predicted[i]) ** 2;
    total += weight;
  }
  return total > 0 ? sum / total : NaN;
}

function summary(errors: Errors): Omit<MultiTaskValidation, keyof ResolvedPenalties> {
  if (!errors) return { meanSquaredError: Infinity, standardError: Infinity, taskErrors: new Float64Array(0) };
  const known = errors.map((own) => meanOf(own)).filter((value) => !Number.isNaN(value));
  const taskErrors = errors[0].map((_, k) => meanOf(errors.map((own) => own[k])));
  // Each task as much as any other, however the folds fall.
  const meanSquaredError = meanOf(taskErrors), mean = meanOf(known);
  if (Number.isNaN(meanSquaredError)) return { meanSquaredError: Infinity, standardError: Infinity, taskErrors };
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    meanSquaredError,
    standardError: Math.sqrt(squares / Math.max(1, known.length - 1) / known.length),
    taskErrors,
  };
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0, count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    sum += values[i];
    count++;
  }
  return sum / count;
}

function choose(table: readonly MultiTaskValidation[], rule: Options["rule"]): number {
  const leastOf = (places: readonly number[]) =>
    places.reduce((best, at) => table[at].meanSquaredError < table[best].meanSquaredError ? at : best);
  const places = table.map((_, at) => at), best = leastOf(places);
  if (table[best].meanSquaredError === Infinity) {
    return table.reduce((least, { support }, at) => support < table[least].support ? at : least, 0);
  }
  if (rule === "best") return best;
  const most = table[best].meanSquaredError + table[best].standardError;
  const within = places.filter((at) => table[at].meanSquaredError <= most);
  if (within.length === 0) return best;
  const smallest = Math.min(...within.map((at) => table[at].support));
  return leastOf(within.filter((at) => table[at].support === smallest));
}
