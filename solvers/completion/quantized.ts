import { openWorkspace } from "../../kernels/engine/mod.ts";
import { completionFamily } from "../../kernels/families/completion.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { certified, compared } from "../core/certificate.ts";
import { OptionError } from "../core/errors.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import type { IndicesLike, Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import { givenBoundaries, marginalBoundaries } from "./boundaries.ts";
import { type Factors, loadLikelihood } from "./factored_likelihood.ts";
import { type FactoredOptions, solveFactored } from "./factored_solve.ts";
import { type FoldedLevels, foldQuantized } from "./quantized_fold.ts";
import { checkLevelsInSteps, type Levels, occupiedLevels } from "./levels.ts";
import { emptyLines, gathered, type Occupied, spread } from "./occupied.ts";
import {
  completeQuantizedOptions,
  type Link,
  type OpenQuantizedOptions,
  type QuantizedOptions,
} from "./quantized_options.ts";
import { type LevelPredictions, predictQuantized, type QuantizedModel } from "./quantized_prediction.ts";
import { timeIsUp } from "./time_limit.ts";
import { type Course, type Judgement, type Outcome, startCourse } from "./quantized_course.ts";
import { solveProximal } from "./proximal_gradient.ts";
import { balanced, truncated } from "./rank_growth.ts";

/** A completed matrix of levels. */
export interface QuantizedCompletion extends Result, QuantizedModel {
  /** `U S^(1/2)` [rows, rank] of the singular values `S` of the latent matrix without offsets. */
  readonly left: Matrix;
  /** `V S^(1/2)` [columns, rank]. */
  readonly right: Matrix;
  /** Columns of the factors. */
  readonly rank: number;
  /** No matrix has a lower objective under these boundaries. */
  readonly lowerBound: number;
  /** `(objective - lowerBound) / objective`. */
  readonly gap: number;
  /** The gap is within the tolerance: the answer is the optimum under these boundaries. */
  readonly certified: boolean;
  /** The lower bound is proved; otherwise, for large matrices, it holds but for a probability of 1e-9. */
  readonly proved: boolean;
  /** In sentences: why it is not certified; rows and columns without an entry. */
  readonly remarks: readonly string[];
  /** Latent values, levels, expected levels and probabilities of entries. */
  predict(rows: IndicesLike, columns: IndicesLike): LevelPredictions;
  /** Factors and predictions of new rows, without another fit; see {@linkcode foldIn}. */
  foldIn(newRows: Observations): Promise<FoldedLevels>;
}

/** Options with their defaults. */
export type ResolvedOptions = Resolved<QuantizedOptions, OpenQuantizedOptions>;

/** Entries of the matrix up to which `auto` takes the proximal gradient method, and lines of its smaller side. */
const smallMatrix = { entries: 2e5, lines: 150 };

/** Price of the trace norm, as a share of the largest weight, below which it takes factors: in a third of the steps and fewer. */
const lowPrice = 0.5;

/** Columns of the factors whose singular value is below this share of the largest are left out where the gap allows it. */
const leastShare = 1e-3;

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

/** The largest weight of an entry. */
function heaviest({ weights }: Levels): number {
  return weights ? weights.reduce((most, weight) => Math.max(most, weight), 0) : 1;
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

/** The factors in balanced form, without what is too small to matter, and their certificate. */
async function finished(course: Course, { status, factors, boundaries }: Outcome): Promise<Judgement> {
  const even = await balanced(course.workspace, factors);
  if (status === "time-limit") return await course.judge(even, boundaries, "at once");
  try {
    const rank = leastRank(even.values, course);
    if (rank < even.rank) {
      const fewer = await course.judge(truncated(even, rank), boundaries, "proved");
      if (fewer.gap <= course.tolerance) return fewer;
    }
    return await course.judge(even, boundaries, "proved");
  } catch (error) {
    if (error !== timeIsUp) throw error;
    return await course.judge(even, boundaries, "at once");
  }
}

/**
 * Columns without those that cannot matter to the gap: of a small share of the largest singular value, and such as make up a
 * small part of the objective together, so that factors of the zero matrix have none.
 */
function leastRank(values: Float64Array, { penalties: { lambda }, tolerance, trace }: Course): number {
  const negligible = tolerance / 4 * (trace.at(-1) ?? 0) / lambda;
  let rank = values.length;
  for (let sum = 0; rank > 0; rank--) {
    sum += values[rank - 1];
    if (sum > negligible && values[rank - 1] > leastShare * values[0]) break;
  }
  return rank;
}

/** The kernels and plain sums say the same of the answer, or it is not given. */
async function compareWithKernels(course: Course, { factors, objective }: Judgement, boundaries: Float64Array) {
  const { workspace, data, link, penalties } = course;
  const likelihood = loadLikelihood(workspace, data, link, penalties);
  likelihood.load(factors);
  likelihood.setBoundaries(boundaries);
  await likelihood.products();
  compared("the objective", objective, await likelihood.terms(), 1e-9 * objective);
}

function present(
  { workspace, data, link, penalties, tolerance, trace }: Course,
  occupied: Occupied,
  { factors, objective, bound, proved }: Judgement,
  { status, boundaries }: Outcome,
  elapsedMs: number,
): QuantizedCompletion {
  const certificate = certified({
    status,
    objective,
    searched: "compared",
    lowerBound: bound,
    gapTolerance: tolerance,
    rounding: 1e-9 * objective,
  });
  const gap = certificate.gap!, model = modelOf(factors, occupied, boundaries, link, penalties.offsets);
  return {
    ...certificate,
    lowerBound: certificate.lowerBound!,
    gap,
    certified: gap <= tolerance,
    proved,
    ...model,
    rank: factors.rank,
    remarks: [
      ...remarksOnGap({ gap, tolerance, boundaries, status, price: penalties.lambda / heaviest(data) }),
      ...remarksOn(emptyLines(occupied, data), penalties.offsets),
    ],
    trace: Float64Array.from(trace),
    iterations: trace.length,
    elapsedMs,
    plan: workspace.plan,
    predict: (rows, columns) => predictQuantized(model, rows, columns),
    foldIn: (newRows) => Promise.resolve().then(() => foldQuantized(model, penalties, newRows)),
  };
}

/** Factors of the rows and columns that have entries. */
function ofOccupied({ rank, left, right, rowOffsets, columnOffsets }: Factors, { rows, columns }: Occupied): Factors {
  return {
    rank,
    left: gathered(left, rows, rank),
    right: gathered(right, columns, rank),
    rowOffsets: gathered(rowOffsets, rows),
    columnOffsets: gathered(columnOffsets, columns),
  };
}

function modelOf(
  { rank, left, right, rowOffsets, columnOffsets }: Factors,
  { shape: [rows, columns], rows: ownRows, columns: ownColumns }: Occupied,
  boundaries: Float64Array,
  link: Link,
  offsets: boolean,
): QuantizedModel {
  return {
    left: matrix(rows, rank, spread(left, ownRows, rows, rank)),
    right: matrix(columns, rank, spread(right, ownColumns, columns, rank)),
    ...offsets && {
      rowOffsets: spread(rowOffsets, ownRows, rows),
      columnOffsets: spread(columnOffsets, ownColumns, columns),
    },
    boundaries,
    link,
  };
}

/** Distance between boundaries, in units of the noise, from which levels tell next to nothing of it. */
const farApart = 200;

/** Price of the trace norm, as a share of the largest weight, from which on it restrains next to nothing. */
const tinyPrice = 1e-3;

interface Uncertified {
  readonly gap: number;
  readonly tolerance: number;
  readonly boundaries: Float64Array;
  readonly status: Outcome["status"];
  /** `lambda` as a share of the largest weight. */
  readonly price: number;
}

function remarksOnGap({ gap, tolerance, boundaries, status, price }: Uncertified): string[] {
  if (gap <= tolerance) return [];
  const widest = boundaries.reduce((most, to, k) => k > 0 ? Math.max(most, to - boundaries[k - 1]) : most, 0);
  const reason = widest > farApart
    ? `boundaries are up to ${
      widest.toPrecision(2)
    } apart, where the noise has scale 1, so that steps are short beside ` +
      "them. Give them in units of the noise, or use `completeViolations` for exact values"
    : status === "time-limit"
    ? "the time was up"
    : status === "iteration-limit" && price < tinyPrice
    ? `\`lambda\` is ${
      price.toPrecision(2)
    } of the largest weight, and losses count as often as their weights say: give ` +
      "smaller weights, or a larger `lambda`"
    : status === "iteration-limit"
    ? "more iterations narrow it, the more slowly the smaller `lambda` is"
    : "a larger `rankLimit` or `lambda` narrows it";
  return [
    `Not certified: of the objective, a share of up to ${gap.toPrecision(2)} may be above the optimum; ${reason}.`,
  ];
}

/** Lines that are named at most. */
const mostNamed = 10;

function remarksOn({ rows, columns }: ReturnType<typeof emptyLines>, offsets: boolean): string[] {
  return ([["row", "column", rows], ["column", "row", columns]] as const).flatMap(([own, other, empty]) => {
    if (empty.length === 0) return [];
    const more = empty.length > mostNamed ? ` and ${empty.length - mostNamed} more` : "";
    const by = offsets ? `by the offsets of the ${other}s alone` : "as latent values of 0";
    const one = empty.length === 1;
    return [
      `The ${own}${one ? "" : "s"} ${empty.slice(0, mostNamed).join(", ")}${more} ${one ? "has" : "have"} no entry: ` +
      `predicted ${by}.`,
    ];
  });
}
