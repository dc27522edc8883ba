import { likeVector, matrix } from "../core/matrix.ts";
import { fitGrid, type Grid } from "./grid.ts";
import type { Outliers } from "./outliers.ts";
import type { Problem } from "./problem.ts";
import { targetRow } from "./rounding.ts";
import { scaleRounding } from "./scale_precision.ts";

/** Shares of the range that are tried: so many, even steps from all of it down to the least. */
const shrinks = 25, leastShare = 0.4;

/** The order in which shares are tried: from a likely one outwards, so that most are soon known to lose more. */
const likely = 9;
const trials = Array.from({ length: shrinks }, (_, k) => k).sort((a, b) => Math.abs(a - likely) - Math.abs(b - likely));
const shares = trials.map((k) => 1 - k * (1 - leastShare) / (shrinks - 1));

/** Weights, times shares, of a kernel call. */
const trialsOfCall = 2 ** 22;

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
  const { rows, columns, diagonal, dtype, groups, maximumCode, meter, options, weights, workspace: { host } } = problem;
  const round = scaleRounding(options.scalePrecision), shrunk = matrix(rows, groups, scales.data.slice());
  const rowsOfCall = Math.min(rows, Math.ceil(trialsOfCall / (shrinks * columns))), rowsAt = rowsOfCall * groups;
  const buffer = likeVector(weights.data, columns), candidates = likeVector(weights.data, rowsAt * shrinks);
  const arrays = {
    targets: host.allocate(dtype, rowsOfCall * columns, "targets"),
    candidates: host.allocate(dtype, candidates.length, "candidates for scales"),
    scales: host.allocate(dtype, rowsAt, "scales"),
    zeros: host.allocate(dtype, rowsAt, "zero points"),
  };
  const curvatures = { array: host.allocate("f64", columns, "curvatures"), length: columns };
  host.write(curvatures.array, diagonal);
  for (let begin = 0; begin < rows; begin += rowsOfCall) {
    // When the time is up, the other rows keep the grid that covers them.
    if (await meter.checkpoint("grid", 0)) break;
    const end = Math.min(rows, begin + rowsOfCall), count = end - begin, from = begin * groups, to = end * groups;
    for (let i = begin; i < end; i++) {
      host.write(arrays.targets, targetRow(weights, outliers?.matrix, i, buffer), (i - begin) * columns);
    }
    for (let at = from, k = 0; at < to; at++) {
      for (const share of shares) candidates[k++] = round(scales.data[at] * share);
    }
    host.write(arrays.candidates, candidates.subarray(0, count * groups * shrinks));
    host.write(arrays.scales, scales.data.subarray(from, to));
    host.write(arrays.zeros, zeros.data.subarray(from, to));
    await host.kernels.quantizationScaleChoice({
      targets: { array: arrays.targets, rows: count, columns },
      candidates: { array: arrays.candidates, rows: count, columns: groups * shrinks },
      scales: { array: arrays.scales, rows: count, columns: groups },
      zeros: { array: arrays.zeros, rows: count, columns: groups },
      curvatures,
      groupSize: options.groupSize,
      maximumCode,
    });
    shrunk.data.set(await host.read(arrays.scales, 0, count * groups), from);
  }
  for (const array of [...Object.values(arrays), curvatures.array]) host.free(array);
  return { scales: shrunk, zeros };
}
