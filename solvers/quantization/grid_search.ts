import { likeVector, matrix } from "../core/matrix.ts";
import { fitGrid, type Grid } from "./grid.ts";
import type { Outliers } from "./outliers.ts";
import type { Problem } from "./problem.ts";
import { nearestLevel, targetRow } from "./rounding.ts";
import { scaleRounding } from "./scale_precision.ts";

/** Shares of the range that are tried: so many, even steps from all of it down to the least. */
const shrinks = 25, leastShare = 0.4;

/** The order in which shares are tried: from a likely one outwards, so that most are soon known to lose more. */
const likely = 9;
const trials = Array.from({ length: shrinks }, (_, k) => k).sort((a, b) => Math.abs(a - likely) - Math.abs(b - likely));

/** Columns after which a share that has lost already is given up. */
const strideOfLosses = 16;

/** Weights, times shares, between two checkpoints. */
const trialsOfCall = 2 ** 24;

/** The grid that is given, or that of what the outliers leave of the weights: without its columns, or with as large a share of each row trimmed. */
export async function chooseGrid(problem: Problem, outliers?: Outliers): Promise<Grid> {
  const { weights, options } = problem, support = outliers?.support;
  if (options.fixedGrid) return options.fixedGrid;
  const left = support ? { excluded: support } : outliers ? { trimmed: options.outliers!.fraction } : {};
  const grid = fitGrid(weights, { ...options, ...left });
  return options.grid === "search" ? await shrinkGrid(problem, grid, outliers) : grid;
}

/**
 * Shrinks the range of each row and group to the share of it that loses least: the sum of `Sigma_jj` times the square of
 * the error of rounding, the objective without what weights have to do with each other. Zero points stay where they are.
 *
 * Complexity: at most `outputs * inputs * shrinks`.
 */
async function shrinkGrid(problem: Problem, { scales, zeros }: Grid, outliers?: Outliers): Promise<Grid> {
  const { rows, columns, diagonal, groups, maximumCode, meter, options, weights } = problem, { groupSize } = options;
  const round = scaleRounding(options.scalePrecision);
  const shrunk = matrix(rows, groups, scales.data.slice()), one = likeVector(scales.data, 1);
  const buffer = likeVector(weights.data, columns), target = new Float64Array(columns);
  const rowsOfCall = Math.ceil(trialsOfCall / (shrinks * columns));
  for (let i = 0; i < rows; i++) {
    // When the time is up, the other rows keep the grid that covers them.
    if (i % rowsOfCall === 0 && await meter.checkpoint("grid", 0)) break;
    target.set(targetRow(weights, outliers?.matrix, i, buffer));
    for (let group = 0; group < groups; group++) {
      const at = i * groups + group, begin = group * groupSize;
      const end = Math.min(columns, begin + groupSize);
      const low = -zeros.data[at], high = maximumCode + low;
      let best = scales.data[at], least = Infinity;
      for (const k of trials) {
        // Rounded as the grid is.
        one[0] = round(scales.data[at] * (1 - k * (1 - leastShare) / (shrinks - 1)));
        if (!(one[0] > 0)) continue;
        const loss = roundingLoss(target, diagonal, begin, end, one[0], low, high, least);
        // Of equal ones the widest.
        if (loss < least || loss === least && one[0] > best) [best, least] = [one[0], loss];
      }
      shrunk.data[at] = best;
    }
  }
  return { scales: shrunk, zeros };
}

/** The weighted loss of rounding columns `[begin, end)` to levels from `low` to `high`, or a part of it above `limit`. */
function roundingLoss(
  target: Float64Array,
  diagonal: Float64Array,
  begin: number,
  end: number,
  scale: number,
  low: number,
  high: number,
  limit: number,
): number {
  const inverse = 1 / scale;
  // Two sums, of which none waits for the other.
  let loss = 0, other = 0;
  for (let from = begin; from < end && loss + other <= limit; from += strideOfLosses) {
    const to = Math.min(from + strideOfLosses, end);
    let j = from;
    for (; j + 1 < to; j += 2) {
      const weight = target[j], error = weight - scale * nearestLevel(weight * inverse, low, high);
      const next = target[j + 1], nextError = next - scale * nearestLevel(next * inverse, low, high);
      loss += diagonal[j] * error * error;
      other += diagonal[j + 1] * nextError * nextError;
    }
    if (j < to) loss += diagonal[j] * (target[j] - scale * nearestLevel(target[j] * inverse, low, high)) ** 2;
  }
  return loss + other;
}
