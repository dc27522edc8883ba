import { withWorkspace } from "../../kernels/engine/mod.ts";
import { certified } from "../core/certificate.ts";
import { OptionError } from "../core/errors.ts";
import type { Observations } from "../core/observations.ts";
import type { IndicesLike } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { inRanges } from "../core/steps.ts";
import { givenBoundaries } from "./boundaries.ts";
import type { LowRankFit } from "./completed.ts";
import { startCourse } from "./course.ts";
import type { Entries } from "./entries.ts";
import { checkLevelsInSteps, endsOf, type Levels } from "./levels.ts";
import { predictEntries } from "./prediction.ts";
import { present } from "./present.ts";
import { smoothedRank } from "./shrinkage.ts";
import { solveCompletion } from "./solve_completion.ts";
import { planned } from "./task.ts";
import { type Bins, huber, shiftBins, violationOf } from "./violation.ts";
import { type FoldedViolations, foldViolations, levelsOf, type ViolationPredictions } from "./violation_prediction.ts";
import { completeViolationsOptions, type ViolationOptions } from "./violation_options.ts";

/**
 * A matrix completed from the bins of its entries, in the units of the boundaries; errors at held-out entries are
 * distances from their bins.
 */
export interface ViolationCompletion extends LowRankFit {
  /** The last width, in the units of the boundaries. */
  readonly width: number;
  /** As they were given. */
  readonly boundaries: Float64Array;
  /** Distance from a bin up to which its price is quadratic. */
  readonly threshold: number;
  /** Weighted root mean square distance of the answer from the bins of the observed entries. */
  readonly violation: number;
  /** The largest of those distances. */
  readonly largestViolation: number;
  /** Values of entries, and the levels that they lie in; observed ones are not put in. */
  predict(rows: IndicesLike, columns: IndicesLike): ViolationPredictions;
  /** Factors and predictions of new rows, without another fit; see {@linkcode foldIn}. */
  foldIn(newRows: Observations): Promise<FoldedViolations>;
}

/**
 * Completes a matrix of low rank of which some entries are known by the level (bin) that they lie in, without a
 * distribution of noise and without a rank: for widths that fall, minimises
 *
 *     F(X) + violationWeight / width^2  sum w h(distance of x_ij from its bin),    F(X) = sum_i 1 - exp(-s_i^2 / 2 width^2)
 *
 * with Huber's function `h`, by a gradient step on the smoothed rank `F` and the proximal point of the violations, which
 * together do not increase it. Within its bin a value costs nothing, where squared errors would draw it to the middle.
 * Where the schedule ends, held-out entries say, as for {@linkcode completeMatrix}; so does offsets or none. Costs are those
 * of {@linkcode completeMatrix}. Values between boundaries are in their units, unlike the latent values of
 * {@linkcode completeQuantized}, which are in units of the noise.
 *
 * @param levels Whole numbers from 0 at some entries, none twice; a value at a boundary has the level below it.
 * @throws {ShapeError} when lists differ in length, or the matrix has no rows or columns
 * @throws {DataError} for what is no level, and an entry that stands there twice
 * @throws {OptionError} for an option out of its range, boundaries that do not rise, and one boundary without `threshold`
 *
 * Based on Esmaeili, Behdin, Al-E-Mohammad & Marvasti (2019, arXiv:1810.12460), whose abstract alone was at hand.
 *
 * @example
 * ```ts
 * import { completeViolations } from "@minima/minima";
 * // (1 2 3)^T (1 2), cut at 1.5, 2.5, 3.5 and 5: the last entry, 6, is not seen.
 * const levels = { shape: [3, 2] as const, rows: [0, 0, 1, 1, 2], columns: [0, 1, 0, 1, 0], values: [0, 1, 1, 3, 2] };
 * const fit = await completeViolations(levels, { boundaries: [1.5, 2.5, 3.5, 5], holdout: 0 });
 * const { levels: [second] } = fit.predict([0], [1]);
 * if (second !== 1 || fit.largestViolation > 0.01) throw new Error("each within its bin");
 * ```
 */
export async function completeViolations(
  levels: Observations,
  options: ViolationOptions,
): Promise<ViolationCompletion> {
  const resolved = resolveOptions(completeViolationsOptions, options, "completion by violations");
  const { violationWeight } = resolved, boundaries = givenBoundaries(resolved.boundaries);
  const threshold = resolved.threshold ?? usualThreshold(boundaries);
  const run = startRun(resolved), course = startCourse(run, resolved.maxIterations);
  const data = await course.take(checkLevelsInSteps("levels", levels, boundaries.length + 1));
  const points = pointsOf(data, boundaries, threshold);
  const task = planned(points, { run, course }, { ...resolved, method: "srf" }, false);
  // Without momentum, so that no step increases the objective.
  const { units } = task, schedule = { ...task.schedule, momentum: 0 };
  const whole = binsOf(data, boundaries, threshold, violationWeight);
  const entries: Entries = { ...task.entries, bins: shiftBins(whole, () => 0, units) };
  return await withWorkspace(task.request, async (workspace) => {
    const { found, factors } = await solveCompletion(workspace, { ...task, entries, schedule }, resolved);
    const answer = await course.take(present(found, factors, workspace.plan));
    const { method: _, residual: __, width = 0, ...fit } = answer, { status } = found;
    const cost = smoothedRank(width).cost;
    const rank = width > 0 ? fit.singularValues.reduce((sum, value) => sum + cost(value), 0) : 0;
    let price = 0, squares = 0, total = 0, largestViolation = 0;
    const visit = (begin: number, end: number) => {
      const predicted = predictEntries(fit, data.rows.subarray(begin, end), data.columns.subarray(begin, end));
      for (let e = begin; e < end; e++) {
        const distance = violationOf(whole.lower[e], whole.upper[e], predicted[e - begin]);
        const weight = data.weights ? data.weights[e] : 1;
        price += weight / task.largestWeight * huber(distance / units, threshold / units);
        squares += weight * (distance / units) ** 2;
        total += weight;
        largestViolation = Math.max(largestViolation, Math.abs(distance));
      }
    };
    await course.take(inRanges(data.levels.length, 10 + fit.rank, visit));
    const violation = units * Math.sqrt(squares / total);
    const objective = rank + (width > 0 ? violationWeight * price / (width / units) ** 2 : 0);
    return {
      ...fit,
      ...certified({ status, objective, searched: "compared" }),
      width,
      boundaries,
      threshold,
      violation,
      largestViolation,
      predict: (rows, columns) => levelsOf(predictEntries(fit, rows, columns), boundaries),
      foldIn: (newRows) => Promise.resolve().then(() => foldViolations({ ...fit, boundaries, violation }, newRows)),
    };
  });
}

/** Half the median width of the levels between two boundaries. */
function usualThreshold(boundaries: Float64Array): number {
  const widths = boundaries.subarray(1).map((value, k) => value - boundaries[k]).sort();
  if (widths.length > 0) return widths[widths.length >> 1] / 2;
  throw new OptionError(
    "threshold",
    'The option "threshold" is missing: one boundary alone says nothing of the size of a violation.',
  );
}

/** What each entry has by its level. */
function ofLevels(levels: Uint32Array, byLevel: Float64Array): Float64Array {
  const values = new Float64Array(levels.length);
  for (let e = 0; e < values.length; e++) values[e] = byLevel[levels[e]];
  return values;
}

function binsOf({ levels }: Levels, boundaries: Float64Array, threshold: number, weight: number): Bins {
  const { lower, upper } = endsOf(boundaries);
  return {
    lower: ofLevels(levels, lower),
    upper: ofLevels(levels, upper),
    threshold,
    weight,
  };
}

/** Points within the bins: their middles, and the threshold away from the boundary of an open one. */
function pointsOf(
  { shape, indptr, rows, columns, levels, weights }: Levels,
  boundaries: Float64Array,
  threshold: number,
) {
  const { lower, upper } = endsOf(boundaries);
  const point = lower.map((from, level) => {
    const to = upper[level];
    return from === -Infinity ? to - threshold : to === Infinity ? from + threshold : from / 2 + to / 2;
  });
  return {
    shape,
    indptr,
    rows,
    columns,
    values: ofLevels(levels, point),
    ...(weights && { weights }),
  };
}
