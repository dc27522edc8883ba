import { inSteps } from "../core/steps.ts";
import { binLoss } from "../../kernels/contract/completion/link.ts";
import { DataError, OptionError } from "../core/errors.ts";
import type { Matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type Run, startRun } from "../core/run.ts";
import { type Factors, squares } from "./factored_likelihood.ts";
import { endsOf, type Levels, splitLevels } from "./levels.ts";
import {
  type LevelProblem,
  prepareLevels,
  type QuantizedCompletion,
  type ResolvedOptions,
  solveLevels,
} from "./quantized.ts";
import { predictQuantized, type QuantizedModel } from "./quantized_prediction.ts";
import { evaluate } from "./quantized_certificate.ts";
import {
  chooseQuantizedOptions,
  completeQuantizedPathOptions,
  type QuantizedChoiceOptions,
  type QuantizedPathOptions,
} from "./quantized_options.ts";

/** A point of {@linkcode completeQuantizedPath}: fitted to the entries that are not held out. */
export interface QuantizedPathPoint extends QuantizedCompletion {
  /** Weight of the trace norm. */
  readonly lambda: number;
  /** Mean of `-log P` of the held-out levels; NaN where none are held out. */
  readonly holdoutLoss: number;
  /** Root mean square difference between held-out and expected levels; NaN where none are held out. */
  readonly holdoutError: number;
}

/** What held-out levels say of each weight of the trace norm. */
export interface LevelCurve {
  /** Falling; at the first there are offsets alone. */
  readonly lambdas: Float64Array;
  /** Mean of `-log P` of the held-out levels. */
  readonly losses: Float64Array;
  /** Root mean square difference between held-out and expected levels. */
  readonly errors: Float64Array;
  /** Ranks of the latent matrices. */
  readonly ranks: Uint32Array;
  /** Which of them has the least loss. */
  readonly best: number;
  /** Row of each entry that was held out. */
  readonly rows: Uint32Array;
  /** Column of each. */
  readonly columns: Uint32Array;
  /** Level of each. */
  readonly levels: Uint32Array;
  /** What the best point predicts of them [entries, levels]. */
  readonly probabilities: Matrix;
}

/** A choice by held-out levels. */
export interface QuantizedChoice {
  /** Fitted to all entries; where the time is up before any weight was tried to its end, without those held out. */
  readonly fit: QuantizedCompletion;
  /** Weight of the trace norm that was chosen. */
  readonly lambda: number;
  /** What held-out levels say of each weight. */
  readonly holdout: LevelCurve;
}

/** The first price of a path, as a multiple of the least at which offsets alone are the optimum. */
const firstShare = 1.0001;

/**
 * Quantized completions at falling weights of the trace norm, each from the one before, with their losses at the entries
 * held out: fitted to the others. The first weight is the least at which offsets alone are the optimum.
 *
 * @param levels Whole numbers from 0 at some entries, none twice.
 * @throws what `completeQuantized` throws; {OptionError} for `lambdas` that do not fall
 *
 * @example
 * ```ts
 * import { completeQuantizedPath, fromRows, observedEntries } from "@minima/minima";
 * const levels = observedEntries(fromRows([[2, 2, 0], [2, NaN, 0], [0, 0, 2], [0, 0, NaN], [1, 2, 0]]));
 * const objectives: number[] = [];
 * for await (const { objective } of completeQuantizedPath(levels, { boundaries: [-1, 1], holdout: 0, count: 4 })) {
 *   objectives.push(objective);
 * }
 * if (!(objectives[3] < objectives[0])) throw new Error("the price falls");
 * ```
 */
export async function* completeQuantizedPath(
  levels: Observations,
  options?: QuantizedPathOptions,
): AsyncGenerator<QuantizedPathPoint> {
  const resolved = resolveOptions(completeQuantizedPathOptions, options, "a path of quantized completions");
  const { lambdas: given, ...others } = resolved, run = startRun(resolved);
  given?.forEach((lambda, k) => {
    if (lambda > 0 && !(k > 0 && lambda >= given[k - 1])) return;
    const fact = k > 0 ? `received ${lambda} after ${given[k - 1]}` : `received ${lambda}`;
    throw new OptionError("lambdas", `Cannot use "lambdas": expected numbers above 0 that fall, ${fact}.`);
  });
  const problem = await prepareLevels(levels, resolved, run), { data } = problem;
  const { fitted, held } = await inSteps(splitLevels(data, resolved.holdout, resolved.seed), lookAt(run));
  const asked = { lambdas: given && Array.from(given) };
  for await (const { point } of follow({ ...problem, data: fitted }, held, others, run, asked)) yield point;
}

/**
 * How many points may be worse than the best before a choice is made: so many, or one that is worse by so many standard
 * errors of the difference. Points beyond the best are those of the highest ranks, which take the most time.
 */
const patience = 3, clearly = 2;

/** Accuracy of the points among which a choice is made. */
const choiceTolerance = 1e-3;

/**
 * Completes a matrix of levels at the weight of the trace norm that held-out levels choose, by the least mean of `-log P`:
 * {@linkcode completeQuantizedPath} until it has risen, and {@linkcode completeQuantized} of all entries.
 *
 * @param levels Whole numbers from 0 at some entries, none twice.
 * @throws what `completeQuantized` throws; {DataError} for too few entries to hold some out
 *
 * @example
 * ```ts
 * import { chooseQuantized, createRandom } from "@minima/minima";
 * const random = createRandom(1), rows: number[] = [], columns: number[] = [], values: number[] = [];
 * for (let k = 0; k < 400; k++) {
 *   if (random.uniform() < 0.3) continue;
 *   rows.push(Math.floor(k / 20));
 *   columns.push(k % 20);
 *   values.push((rows.at(-1)! + columns.at(-1)!) % 2 + (random.uniform() < 0.2 ? 1 : 0));
 * }
 * const { holdout } = await chooseQuantized({ shape: [20, 20], rows, columns, values });
 * if (!(holdout.losses[holdout.best] < 0.8 * holdout.losses[0])) throw new Error("a pattern beyond the offsets");
 * ```
 */
export async function chooseQuantized(
  levels: Observations,
  options?: QuantizedChoiceOptions,
): Promise<QuantizedChoice> {
  const resolved = resolveOptions(chooseQuantizedOptions, options, "a choice among quantized completions");
  const run = startRun(resolved), problem = await prepareLevels(levels, resolved, run), { tolerance } = resolved;
  const { fitted, held } = await inSteps(splitLevels(problem.data, resolved.holdout, resolved.seed), lookAt(run));
  if (!held) {
    throw new DataError(
      "levels",
      `Cannot choose a weight: none of the entries (${problem.data.levels.length}) can be held out; fit with a given ` +
        '"lambda" instead.',
    );
  }
  const points: QuantizedPathPoint[] = [];
  let best: QuantizedPathPoint | undefined, bestOnHeld: OnHeld | undefined;
  const coarse = { ...resolved, tolerance: Math.max(tolerance, choiceTolerance) };
  // Of a weight that is clearly worse already, no more is of use.
  const losing = (model: QuantizedModel) => isClearlyWorse(lossesOf(model, held).losses);
  const isClearlyWorse = (losses: Float64Array) =>
    bestOnHeld !== undefined && exceeds(losses, bestOnHeld.losses, held.weights);
  for await (const { point, onHeld } of follow({ ...problem, data: fitted }, held, coarse, run, { losing })) {
    points.push(point);
    if (!best || point.holdoutLoss < best.holdoutLoss) [best, bestOnHeld] = [point, onHeld];
    else if (points.length - 1 - points.indexOf(best) >= patience) break;
    else if (isClearlyWorse(onHeld!.losses)) break;
  }
  const { lambda, boundaries } = best!;
  const start = problem.estimate ? { ...problem, boundaries } : problem;
  const fit = points.length === 1 && best!.status === "time-limit"
    ? best!
    : await solveLevels(start, { ...resolved, lambda }, run, factorsOf(best!));
  return {
    fit,
    lambda,
    holdout: {
      lambdas: Float64Array.from(points, (point) => point.lambda),
      losses: Float64Array.from(points, (point) => point.holdoutLoss),
      errors: Float64Array.from(points, (point) => point.holdoutError),
      ranks: Uint32Array.from(points, (point) => point.rank),
      best: points.indexOf(best!),
      rows: held.rows,
      columns: held.columns,
      levels: held.levels,
      probabilities: bestOnHeld!.probabilities,
    },
  };
}

/** A checkpoint before the first point. */
function lookAt(run: Run) {
  return () => run.checkpoint({ stage: "quantized path", fraction: 0, iteration: 0 });
}

async function* follow(
  problem: LevelProblem,
  held: Levels | undefined,
  resolved: Omit<ResolvedOptions, "lambda"> & { readonly count: number; readonly lambdaDecay: number },
  run: Run,
  { lambdas: given, losing }: {
    readonly lambdas?: readonly number[];
    readonly losing?: (model: QuantizedModel) => boolean;
  },
): AsyncGenerator<{ readonly point: QuantizedPathPoint; readonly onHeld?: OnHeld }> {
  const { count, lambdaDecay } = resolved;
  let { boundaries } = problem, start: Factors | undefined, lambda = given?.[0] ?? 0;
  if (!given) {
    // At this price there are offsets alone; from their gradient the least such price follows.
    const { weights, levels } = problem.data, weight = Math.sqrt(weights ? squares(weights) : levels.length);
    lambda = 10 * weight;
    const fit = await solveLevels(problem, { ...resolved, lambda, rank: 1 }, run);
    if (fit.status === "time-limit") {
      yield judged(fit, lambda, held);
      return;
    }
    start = factorsOf(fit);
    boundaries = fit.boundaries;
    const penalties = { ...resolved, lambda: 1 };
    const judging = evaluate(problem.data, resolved.link, boundaries, start, penalties);
    const { gradients } = await inSteps(judging, lookAt(run));
    lambda = firstShare * normOf(problem.data, gradients);
    if (!(lambda > 0)) lambda = weight;
  }
  for (let point = 0; point < (given?.length ?? count); point++) {
    if (point > 0) lambda = given?.[point] ?? lambda * lambdaDecay;
    const from = problem.estimate ? { ...problem, boundaries } : problem;
    const fit = await solveLevels(from, { ...resolved, lambda }, run, start, losing);
    yield judged(fit, lambda, held);
    if (fit.status === "time-limit") return;
    start = factorsOf(fit);
    boundaries = fit.boundaries;
  }
}

function factorsOf({ left, right, rank, rowOffsets, columnOffsets }: QuantizedCompletion): Factors {
  return {
    rank,
    left: Float64Array.from(left.data),
    right: Float64Array.from(right.data),
    rowOffsets: rowOffsets ?? new Float64Array(left.shape[0]),
    columnOffsets: columnOffsets ?? new Float64Array(right.shape[0]),
  };
}

/** What a fit says of held-out levels. */
interface OnHeld {
  /** `-log P` of each. */
  readonly losses: Float64Array;
  readonly probabilities: Matrix;
}

function lossesOf(model: QuantizedModel, { rows, columns, levels }: Levels) {
  const { lower, upper } = endsOf(model.boundaries), predicted = predictQuantized(model, rows, columns);
  const loss = (x: number, k: number) => binLoss(model.link, lower[levels[k]], upper[levels[k]], x).loss;
  return { ...predicted, losses: predicted.latent.map(loss) };
}

function judged(fit: QuantizedCompletion, lambda: number, held: Levels | undefined) {
  if (!held) return { point: { ...fit, lambda, holdoutLoss: NaN, holdoutError: NaN } };
  const { levels, weights } = held, { expected, probabilities, losses } = lossesOf(fit, held);
  let loss = 0, squares = 0, total = 0;
  levels.forEach((level, k) => {
    const weight = weights ? weights[k] : 1;
    loss += weight * losses[k];
    squares += weight * (expected[k] - level) ** 2;
    total += weight;
  });
  const point = { ...fit, lambda, holdoutLoss: loss / total, holdoutError: Math.sqrt(squares / total) };
  return { point, onHeld: { losses, probabilities } };
}

/** Whether the mean of some losses is clearly above that of others at the same entries. */
function exceeds(losses: Float64Array, others: ArrayLike<number>, weights?: Float64Array): boolean {
  let sum = 0, squares = 0, total = 0;
  const difference = (k: number) => losses[k] - others[k];
  for (let k = 0; k < losses.length; k++) {
    const weight = weights ? weights[k] : 1;
    sum += weight * difference(k);
    total += weight;
  }
  const mean = sum / total;
  for (let k = 0; k < losses.length; k++) squares += ((weights ? weights[k] : 1) * (difference(k) - mean)) ** 2;
  return mean > clearly * Math.sqrt(squares) / total;
}

/** Steps of power iteration: a few digits are enough for the start of a path. */
const powerSteps = 60;

/** The largest singular value of a matrix of entries, from below, to a few digits. */
function normOf({ shape: [height, width], rows, columns }: Levels, values: Float64Array): number {
  const random = createRandom(width), size = (vector: Float64Array) => Math.sqrt(squares(vector));
  let v = Float64Array.from({ length: width }, random.normal), norm = 0;
  for (let step = 0; step < powerSteps; step++) {
    const length = size(v), image = new Float64Array(height), next = new Float64Array(width);
    if (!(length > 0)) return 0;
    for (let k = 0; k < values.length; k++) image[rows[k]] += values[k] * v[columns[k]] / length;
    for (let k = 0; k < values.length; k++) next[columns[k]] += values[k] * image[rows[k]];
    norm = size(image);
    v = next;
  }
  return norm;
}
