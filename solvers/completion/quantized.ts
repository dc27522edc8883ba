import { openWorkspace } from "../../kernels/engine/mod.ts";
import { completionFamily } from "../../kernels/families/completion.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { OptionError } from "../core/errors.ts";
import type { Observations } from "../core/observations.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type Run, startRun } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import { givenBoundaries, marginalBoundaries } from "./boundaries.ts";
import type { Factors } from "./factored_likelihood.ts";
import { type FactoredOptions, solveFactored } from "./factored_solve.ts";
import { checkLevelsInSteps, heaviest, type Levels, occupiedLevels } from "./levels.ts";
import { solveProximal } from "./proximal_gradient.ts";
import {
  compareWithKernels,
  finished,
  modelOf,
  ofOccupied,
  present,
  type QuantizedCompletion,
} from "./quantized_answer.ts";
import { startCourse } from "./quantized_course.ts";
import { completeQuantizedOptions, type OpenQuantizedOptions, type QuantizedOptions } from "./quantized_options.ts";
import type { QuantizedModel } from "./quantized_prediction.ts";

/** Options with their defaults. */
export type ResolvedOptions = Resolved<QuantizedOptions, OpenQuantizedOptions>;

/** Entries of the matrix up to which `auto` takes the proximal gradient method, and lines of its smaller side. */
const smallMatrix = { entries: 2e5, lines: 150 };

/** Price of the trace norm, as a share of the largest weight, below which it takes factors: in a third of the steps and fewer. */
const lowPrice = 0.5;

/** Families of the kernels of all that is done with levels. */
export const levelFamilies = [denseFamily, completionFamily, spectralFamily];

/** What an entry costs beside the products, in floating-point operations. */
const entryFlops = 300;

/**
 * Completes a matrix of which some entries are known by the level (bin) that they fall into: minimises
 *
 *     -sum w log P(q_ij | x_ij + r_i + c_j) + lambda ||X||_* + offsetPenalty (||r||^2 + ||c||^2) / 2
 *
 * with `P(q | x) = F(b_{q+1} - x) - F(b_q - x)` for the logistic or normal distribution function `F` of scale 1 and
 * boundaries `b`. Two levels are 1-bit completion. The problem is convex for given boundaries, and every answer has a
 * lower bound on its optimum under them.
 *
 * Small matrices are solved by an accelerated proximal gradient method, O(min(m, n)^2 max(m, n)) an iteration; others by
 * factors, O(entries x rank^2 + (m + n) rank^3) a sweep and without a matrix of `m n` numbers. Their rank grows, up to
 * `rankLimit`, while the certificate refuses.
 *
 * @param levels Whole numbers from 0 at some entries, none twice.
 * @throws {ShapeError} when lists differ in length, or the matrix has no rows or columns
 * @throws {DataError} for what is no level, an entry that stands there twice, a single level
 * @throws {OptionError} for an option out of its range, and boundaries that do not rise
 *
 * Based on bi-factorisation and an augmented Lagrangian as by Esmaeili, Behdin, Al-E-Mohammad & Marvasti (2018,
 * arXiv:1810.03222); 1-bit completion: Davenport, Plan, van den Berg & Wootters (2014).
 *
 * @example
 * ```ts
 * import { completeQuantized, fromRows, observedEntries } from "@minima/minima";
 * const levels = observedEntries(fromRows([[2, 2, 0], [2, NaN, 0], [0, 0, 2], [0, 0, NaN], [1, 2, 0]]));
 * const fit = await completeQuantized(levels, { lambda: 0.1, boundaries: [-1, 1] });
 * const { levels: [second, fourth] } = fit.predict([1, 3], [1, 2]);
 * if (second !== 2 || fourth !== 2) throw new Error("as the rows beside them");
 * ```
 */
export async function completeQuantized(levels: Observations, options: QuantizedOptions): Promise<QuantizedCompletion> {
  const resolved = resolveOptions(completeQuantizedOptions, options, "quantized completion"), run = startRun(resolved);
  return await solveLevels(await prepareLevels(levels, resolved, run), resolved, run);
}

/** What is fitted: levels, and boundaries to begin with. */
export interface LevelProblem {
  readonly data: Levels;
  readonly boundaries: Float64Array;
  /** They are fitted along with the matrix. */
  readonly estimate: boolean;
}

/**
 * Solves within a run, from earlier factors where there are some.
 *
 * @param losing Whether an answer is worth no more iterations: asked now and then.
 */
export async function solveLevels(
  { data: whole, boundaries, estimate }: LevelProblem,
  resolved: ResolvedOptions,
  run: Run,
  given?: Factors,
  losing?: (model: QuantizedModel) => boolean,
): Promise<QuantizedCompletion> {
  const look = () => run.checkpoint({ stage: "levels", fraction: 0, iteration: 0 });
  const { data, occupied } = await inSteps(occupiedLevels(whole), look);
  const start = given && ofOccupied(given, occupied);
  const { link, lambda, offsetPenalty, offsets, tolerance, maxIterations, seed } = resolved;
  const method = methodFor(data, resolved, estimate);
  const flops = foreseen(data, resolved, method);
  const workspace = await openWorkspace({ ...resolved, families: levelFamilies, dtype: "f64", flops });
  try {
    const penalties = { lambda, offsetPenalty, offsets };
    const isLosing = losing &&
      ((factors: Factors, boundaries: Float64Array) => losing(modelOf(factors, occupied, boundaries, link, offsets)));
    const limits = { tolerance, maxIterations, seed, ...isLosing && { losing: isLosing } };
    const course = startCourse({ workspace, data, link, penalties, ...limits }, run);
    const outcome = method === "proximal-gradient"
      ? await solveProximal(course, boundaries, start)
      : await solveFactored(course, boundaries, factoredOptions(data, resolved, method, estimate), start);
    const judgement = await finished(course, outcome);
    // What is said of the answer comes from plain sums alone: where the time is up, they are enough.
    if (outcome.status !== "time-limit") await compareWithKernels(course, judgement, outcome.boundaries);
    return present(course, occupied, judgement, outcome, run.elapsedMs());
  } finally {
    workspace.release();
  }
}

/** Checks levels and boundaries. */
export async function prepareLevels(
  observed: Observations,
  { boundaries, boundaryRule, levelCount, link }: Pick<
    ResolvedOptions,
    "boundaries" | "boundaryRule" | "levelCount" | "link"
  >,
  run: Run,
): Promise<LevelProblem> {
  const given = boundaries && givenBoundaries(boundaries);
  if (given && levelCount !== undefined && levelCount !== given.length + 1) {
    throw new OptionError(
      "levelCount",
      `Cannot use "levelCount": expected ${given.length + 1}, one more than "boundaries", received ${levelCount}.`,
    );
  }
  const look = () => run.checkpoint({ stage: "levels", fraction: 0, iteration: 0 });
  const data = await inSteps(checkLevelsInSteps("levels", observed, given ? given.length + 1 : levelCount), look);
  if (given) return { data, boundaries: given, estimate: false };
  return { data, boundaries: marginalBoundaries("levels", data, link), estimate: boundaryRule === "estimated" };
}

type ChosenMethod = "alm" | "alternating" | "proximal-gradient";

function methodFor(data: Levels, { method, lambda, rankLimit }: ResolvedOptions, estimate: boolean): ChosenMethod {
  if (method !== "auto") return method;
  const { shape } = data, usual = lambda >= lowPrice * heaviest(data);
  const small = shape[0] * shape[1] <= smallMatrix.entries && Math.min(...shape) <= smallMatrix.lines;
  return small && usual && !estimate && rankLimit === undefined ? "proximal-gradient" : "alternating";
}

function factoredOptions(
  { shape }: Levels,
  { rank, rankLimit = Infinity, link, penalty, penaltyGrowth }: ResolvedOptions,
  method: "alm" | "alternating",
  estimate: boolean,
): FactoredOptions {
  const most = Math.min(rankLimit, ...shape);
  return {
    method,
    estimate,
    rank: Math.min(rank, most),
    rankLimit: most,
    penalty: penalty ?? (link === "logit" ? 0.5 : 1),
    penaltyGrowth,
  };
}

/** Floating-point operations of some hundred sweeps. */
function foreseen({ shape: [rows, columns], levels }: Levels, { rank }: ResolvedOptions, method: ChosenMethod): number {
  const small = Math.min(rows, columns);
  return method === "proximal-gradient"
    ? 60 * (6 * rows * columns * small + 20 * small ** 3)
    : 200 * (levels.length * (2 * rank * rank + entryFlops) + (rows + columns) * rank ** 3);
}
