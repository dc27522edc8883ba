import { DataError } from "../core/errors.ts";
import type { Matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import { type Factors, squares } from "./factored_likelihood.ts";
import { exceed, type HeldLosses, heldLosses } from "./held_levels.ts";
import { type Levels, splitLevels } from "./levels.ts";
import { prepareLevels, solveLevels } from "./quantized.ts";
import type { QuantizedCompletion } from "./quantized_answer.ts";
import { chooseQuantizedOptions, type QuantizedChoiceOptions } from "./quantized_options.ts";
import {
  factorsOf,
  fallingPrices,
  follow,
  lookAt,
  type PathCourse,
  type QuantizedPathPoint,
} from "./quantized_path.ts";
import type { QuantizedModel } from "./quantized_prediction.ts";

/** What held-out levels say of each weight of the trace norm. */
export interface LevelCurve {
  /** Falling; at the first there is no part of low rank. */
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
  /** Whether there are offsets of rows and columns: as asked, or as was chosen. */
  readonly offsets: boolean;
  /** What held-out levels say of each weight that was tried, with offsets or without as was chosen. */
  readonly holdout: LevelCurve;
}

/**
 * How many points may be worse than the best before a choice is made: so many, or one that is worse by so many standard
 * errors of the difference. Points beyond the best are those of the highest ranks, which take the most time.
 */
const patience = 3, clearly = 2;

/**
 * Standard errors by which offsets must be better than a part of low rank in their place; nothing at all they must beat
 * clearly, or noise alone would have some. More in the first place would see offsets too seldom where few levels are held
 * out.
 */
const beyondLowRank = 0.5;

/** Accuracy of the points among which a choice is made. */
const choiceTolerance = 1e-3;

/**
 * Completes a matrix of levels at the weight of the trace norm that held-out levels choose, by the least mean of `-log P`:
 * {@linkcode completeQuantizedPath} until it has risen, and {@linkcode completeQuantized} of all entries. Where `offsets`
 * neither asks for offsets nor forbids them, there are some if they lower that mean: by half a standard error of the
 * difference beside a part of low rank in their place, and by two beside nothing at all.
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
 * const { holdout, offsets } = await chooseQuantized({ shape: [20, 20], rows, columns, values });
 * if (!(holdout.losses[holdout.best] < 0.8 * holdout.losses[0])) throw new Error("a pattern of low rank");
 * if (offsets) throw new Error("rows and columns are alike");
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
  const { offsets: wanted, ...others } = resolved, fittedProblem = { ...problem, data: fitted };
  const courseOf = (offsets: boolean) => {
    const own = { ...others, offsets, tolerance: Math.max(tolerance, choiceTolerance) };
    return { problem: fittedProblem, resolved: own, run, prices: (first: number) => fallingPrices(first, resolved) };
  };
  let offsets = wanted ?? true, chosen = await search([courseOf(offsets)], held, patience);
  if (wanted === undefined && !chosen.late) {
    // Nothing at all, and the best answer again with its offsets as a part of low rank: the noise is the same, and so
    // nearly is the best price, which may be among those that were tried below it.
    const course = courseOf(false),
      { point } = chosen.best,
      first = { lambda: point.lambda, factors: inColumns(point) };
    const prices = chosen.points.map(({ lambda }) => lambda).filter((lambda) => lambda <= point.lambda);
    const from = { problem: { ...fittedProblem, boundaries: point.boundaries }, first, prices: () => prices };
    const without = await search(
      [{ ...course, prices: (none) => [none] }, { ...course, ...from }],
      held,
      1,
      chosen.best,
    );
    const { losses } = chosen.best.onHeld;
    const beat = ({ onHeld }: Judged, errors: number) => exceed(onHeld.losses, losses, errors, held.weights);
    if (!without.late && !(beat(without.best, beyondLowRank) && beat(without.first, clearly))) {
      [offsets, chosen] = [false, without];
    }
  }
  const { points, best: { point, onHeld }, late } = chosen, { lambda, boundaries } = point;
  const start = problem.estimate ? { ...problem, boundaries } : problem;
  const fit = late && points.length === 1
    ? point
    : await solveLevels(start, { ...resolved, offsets, lambda }, run, factorsOf(point));
  return {
    fit,
    lambda,
    offsets,
    holdout: {
      lambdas: Float64Array.from(points, (point) => point.lambda),
      losses: Float64Array.from(points, (point) => point.holdoutLoss),
      errors: Float64Array.from(points, (point) => point.holdoutError),
      ranks: Uint32Array.from(points, (point) => point.rank),
      best: points.indexOf(point),
      rows: held.rows,
      columns: held.columns,
      levels: held.levels,
      probabilities: onHeld.probabilities,
    },
  };
}

/** The factors of a fit, with its offsets as two more columns. */
function inColumns(fit: QuantizedCompletion): Factors {
  const { rank, left, right, rowOffsets, columnOffsets } = factorsOf(fit), wide = rank + 2;
  const beside = (factor: Float64Array, lines: number, more: (line: number) => readonly [number, number]) => {
    const wider = new Float64Array(lines * wide);
    for (let i = 0; i < lines; i++) {
      wider.set(factor.subarray(i * rank, (i + 1) * rank), i * wide);
      wider.set(more(i), i * wide + rank);
    }
    return wider;
  };
  // Columns of equal lengths.
  const [height, width] = [rowOffsets.length, columnOffsets.length];
  const ofRows = Math.sqrt(Math.sqrt(squares(rowOffsets) / width)) || 1;
  const ofColumns = Math.sqrt(Math.sqrt(squares(columnOffsets) / height)) || 1;
  return {
    rank: wide,
    left: beside(left, height, (i) => [rowOffsets[i] / ofRows, ofColumns]),
    right: beside(right, width, (j) => [ofRows, columnOffsets[j] / ofColumns]),
    rowOffsets: new Float64Array(height),
    columnOffsets: new Float64Array(width),
  };
}

/** A point of a search, with what it says of the held-out levels. */
interface Judged {
  readonly point: QuantizedPathPoint;
  readonly onHeld: HeldLosses;
}

/** What a search has tried. */
interface Searched {
  readonly points: readonly QuantizedPathPoint[];
  readonly first: Judged;
  /** The point of the least loss. */
  readonly best: Judged;
  /** The time was up before its end. */
  readonly late: boolean;
}

/**
 * Follows paths until their losses rise.
 *
 * @param other What points that are clearly worse are of no use beside.
 */
async function search(
  paths: readonly Omit<PathCourse, "held" | "losing">[],
  held: Levels,
  patience: number,
  other?: Judged,
): Promise<Searched> {
  const points: QuantizedPathPoint[] = [];
  let first: Judged | undefined, best: Judged | undefined;
  const areWorse = (losses: Float64Array) =>
    [best, other].some((one) => one !== undefined && exceed(losses, one.onHeld.losses, clearly, held.weights));
  // Of a weight that is clearly worse already, no more is of use.
  const losing = (model: QuantizedModel) => areWorse(heldLosses(model, held).losses);
  const isLate = () => points.at(-1)!.status === "time-limit";
  for (const path of paths) {
    for await (const { point, onHeld } of follow({ ...path, held, losing })) {
      const here = { point, onHeld: onHeld! };
      points.push(point);
      first ??= here;
      if (!best || point.holdoutLoss < best.point.holdoutLoss) best = here;
      else if (points.length - 1 - points.indexOf(best.point) >= patience) break;
      if (areWorse(here.onHeld.losses)) break;
    }
    if (isLate()) break;
  }
  return { points, first: first!, best: best!, late: isLate() };
}
