/** The answer of a quantized completion: its factors in balanced form, their certificate, and what is said of them. @module */

import { certified, compared } from "../core/certificate.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import type { IndicesLike } from "../core/options.ts";
import type { Result } from "../core/result.ts";
import { type Factors, loadLikelihood } from "./factored_likelihood.ts";
import { heaviest } from "./levels.ts";
import { emptyLines, gathered, type Occupied, spread } from "./occupied.ts";
import type { Course, Judgement, Outcome } from "./quantized_course.ts";
import { type FoldedLevels, foldQuantized } from "./quantized_fold.ts";
import type { Link } from "./quantized_options.ts";
import { type LevelPredictions, predictQuantized, type QuantizedModel } from "./quantized_prediction.ts";
import { balanced, truncated } from "./rank_growth.ts";
import { timeIsUp } from "./time_limit.ts";
import { somePlaces } from "../core/names.ts";

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

/** Columns of the factors whose singular value is below this share of the largest are left out where the gap allows it. */
const leastShare = 1e-3;

/** The factors in balanced form, without what is too small to matter, and their certificate. */
export async function finished(course: Course, { status, factors, boundaries }: Outcome): Promise<Judgement> {
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
export async function compareWithKernels(course: Course, { factors, objective }: Judgement, boundaries: Float64Array) {
  const { workspace, data, link, penalties } = course;
  const likelihood = loadLikelihood(workspace, data, link, penalties);
  likelihood.load(factors);
  likelihood.setBoundaries(boundaries);
  await likelihood.products();
  compared("the objective", objective, await likelihood.terms(), 1e-9 * objective);
}

/** The answer. */
export function present(
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
export function ofOccupied(
  { rank, left, right, rowOffsets, columnOffsets }: Factors,
  { rows, columns }: Occupied,
): Factors {
  return {
    rank,
    left: gathered(left, rows, rank),
    right: gathered(right, columns, rank),
    rowOffsets: gathered(rowOffsets, rows),
    columnOffsets: gathered(columnOffsets, columns),
  };
}

/** What predictions need. */
export function modelOf(
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

function remarksOn({ rows, columns }: ReturnType<typeof emptyLines>, offsets: boolean): string[] {
  return ([["row", "column", rows], ["column", "row", columns]] as const).flatMap(([own, other, empty]) => {
    if (empty.length === 0) return [];
    const by = offsets ? `by the offsets of the ${other}s alone` : "as latent values of 0";
    const one = empty.length === 1;
    return [
      `The ${own}${one ? "" : "s"} ${somePlaces(empty)} ${one ? "has" : "have"} no entry: ` +
      `predicted ${by}.`,
    ];
  });
}
