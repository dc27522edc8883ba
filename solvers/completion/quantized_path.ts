import { openWorkspace } from "../../kernels/engine/mod.ts";
import { OptionError } from "../core/errors.ts";
import type { Observations } from "../core/observations.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type Run, startRun } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import { type Factors, squares } from "./factored_likelihood.ts";
import { type HeldLosses, judgeHeld } from "./held_levels.ts";
import { type Levels, splitLevels } from "./levels.ts";
import { levelFamilies, type LevelProblem, prepareLevels, type ResolvedOptions, solveLevels } from "./quantized.ts";
import type { QuantizedCompletion } from "./quantized_answer.ts";
import { evaluate } from "./quantized_certificate.ts";
import { completeQuantizedPathOptions, type QuantizedPathOptions } from "./quantized_options.ts";
import type { QuantizedModel } from "./quantized_prediction.ts";
import { largestSingularTriples } from "./spectral_norm.ts";
import { timeIsUp } from "./time_limit.ts";

/** A point of {@linkcode completeQuantizedPath}: fitted to the entries that are not held out. */
export interface QuantizedPathPoint extends QuantizedCompletion {
  /** Weight of the trace norm. */
  readonly lambda: number;
  /** Mean of `-log P` of the held-out levels; NaN where none are held out. */
  readonly holdoutLoss: number;
  /** Root mean square difference between held-out and expected levels; NaN where none are held out. */
  readonly holdoutError: number;
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
  const own = { problem: { ...problem, data: fitted }, held, resolved: others, run };
  const first = given && { lambda: given[0] };
  const prices = (first: number) => given ?? fallingPrices(first, others);
  for await (const { point } of follow({ ...own, first, prices })) yield point;
}

/** A checkpoint before the first point. */
export function lookAt(run: Run): () => Promise<boolean> {
  return () => run.checkpoint({ stage: "quantized path", fraction: 0, iteration: 0 });
}

/** A price, and so many in all by a factor from one to the next. */
export function* fallingPrices(
  first: number,
  { count, lambdaDecay }: { readonly count: number; readonly lambdaDecay: number },
): Generator<number> {
  for (let point = 0, lambda = first; point < count; point++, lambda *= lambdaDecay) yield lambda;
}

/** What a path is followed by. */
export interface PathCourse {
  /** With the entries that are not held out. */
  readonly problem: LevelProblem;
  readonly held: Levels | undefined;
  readonly resolved: Omit<ResolvedOptions, "lambda">;
  readonly run: Run;
  /** Where it begins: at the least price at which there is no part of low rank, if it is not given. */
  readonly first?: { readonly lambda: number; readonly factors?: Factors };
  /** The prices, falling from the first. */
  prices(first: number): Iterable<number>;
  /** Whether a fit is worth no more iterations. */
  readonly losing?: (model: QuantizedModel) => boolean;
}

/** Solves at each price from the answer at the one before, until the time is up. */
export async function* follow(
  { problem, held, resolved, run, first, prices, losing }: PathCourse,
): AsyncGenerator<{ readonly point: QuantizedPathPoint; readonly onHeld?: HeldLosses }> {
  const judged = (fit: QuantizedCompletion, lambda: number) => {
    const { loss, error, onHeld } = judgeHeld(fit, held);
    return { point: { ...fit, lambda, holdoutLoss: loss, holdoutError: error }, ...onHeld && { onHeld } };
  };
  let { boundaries } = problem, start = first?.factors, lambda = first?.lambda;
  if (lambda === undefined) {
    const begun = await withoutLowRank(problem, resolved, run);
    if (begun.late) {
      yield judged(begun.fit, begun.lambda);
      return;
    }
    lambda = begun.lambda;
    start = factorsOf(begun.fit);
    boundaries = begun.fit.boundaries;
  }
  for (const price of prices(lambda)) {
    const from = problem.estimate ? { ...problem, boundaries } : problem;
    const fit = await solveLevels(from, { ...resolved, lambda: price }, run, start, losing);
    yield judged(fit, price);
    if (fit.status === "time-limit") return;
    start = factorsOf(fit);
    boundaries = fit.boundaries;
  }
}

/**
 * The optimum without a part of low rank, and the least price at which it is that, from its gradient; where the time is up
 * before that is known, a larger one.
 */
async function withoutLowRank(problem: LevelProblem, resolved: Omit<ResolvedOptions, "lambda">, run: Run) {
  const { data } = problem, { weights, levels } = data;
  const weight = Math.sqrt(weights ? squares(weights) : levels.length), high = 10 * weight;
  const fit = await solveLevels(problem, { ...resolved, lambda: high, rank: 1 }, run);
  if (fit.status === "time-limit") return { fit, lambda: high, late: true };
  const look = lookAt(run),
    pause = async () => {
      if (await look()) throw timeIsUp;
    };
  const judging = evaluate(data, resolved.link, fit.boundaries, factorsOf(fit), { ...resolved, lambda: 1 });
  const { gradients } = await inSteps(judging, look);
  const workspace = await openWorkspace({
    ...resolved,
    families: levelFamilies,
    dtype: "f64",
    flops: 500 * levels.length,
  });
  try {
    const random = createRandom(resolved.seed), gradient = { ...data, values: gradients };
    const { values: [norm] } = await largestSingularTriples(workspace, gradient, 1, random, pause);
    return { fit, lambda: norm > 0 ? firstShare * norm : weight, late: false };
  } catch (error) {
    if (error !== timeIsUp) throw error;
    return { fit, lambda: high, late: true };
  } finally {
    workspace.release();
  }
}

/** Factors and offsets of a fit, to begin from. */
export function factorsOf({ left, right, rank, rowOffsets, columnOffsets }: QuantizedCompletion): Factors {
  return {
    rank,
    left: Float64Array.from(left.data),
    right: Float64Array.from(right.data),
    rowOffsets: rowOffsets ?? new Float64Array(left.shape[0]),
    columnOffsets: columnOffsets ?? new Float64Array(right.shape[0]),
  };
}
