import { withWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import type { Samples, VectorLike } from "../core/matrix.ts";
import { plainDot } from "../core/plain_sums.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import type { Pause } from "../spectral/operands.ts";
import { type ClosedPath, diagonalMoments, type Moments, parametersAfter } from "./closed_path.ts";
import { linearDescent, reach } from "./iterated_path.ts";
import { microBatchPath } from "./micro_batch_path.ts";
import { partBounds } from "./micro_batches.ts";
import { type DataSpectrum, decomposeData, loadSamples, regressionData } from "./linear_data.ts";
import type { PlainData } from "./plain_data.ts";
import { type SamRegressionOptions, samRegressionOptions } from "./regression_options.ts";
import {
  checkLength,
  diverged,
  drawnAnswers,
  reportedSteps,
  reportPath,
  type ResolvedRegression,
  type SamRegressionPath,
  takeSteps,
  untilTimeUp,
} from "./regression_path.ts";
import { sharpCurvature } from "./spectral_filter.ts";

/**
 * Follows sharpness-aware steps on a least squares problem: `||X w - y||^2 / (2 rows)` from `w = 0`,
 *
 *     w <- w - rate g(w + rho g(w)),   normalised: g(w + rho g / ||g||)
 *
 * and what it costs to stop at each of them: bias, variance and risk of the fitted values where the truth is known. Unnormalised
 * steps need not be taken: they are gradient descent with the curvature `A (I + rho A)`, `A = X^T X / rows`, so that one
 * eigen-decomposition gives any step; so it is for micro-batches of a tall table, whose curvature is the mean of theirs.
 * Normalised perturbations and batches are taken step by step, their bias and variance by `draws` draws of the noise.
 * `rho` 0 is gradient descent. There is no intercept: centre the columns where one is wanted.
 *
 * O(rows columns min(rows, columns)) and O(min(rows, columns) columns) a reported step in closed form; else
 * O(4 rows columns) a step and draw.
 *
 * @param X Samples as rows [rows, features], of magnitudes between 1e-70 and 1e70.
 * @param y What is to be fitted [rows].
 * @throws {ShapeError} when `X` is empty, or `y` or `truth` do not fit
 * @throws {DataError} for NaN, infinities and magnitudes beyond these
 * @throws {OptionError} for an option outside its range, and steps so long that the path leaves the range of numbers
 *
 * @example
 * ```ts
 * import { fromRows, samRegression } from "@minima/minima";
 * const X = fromRows([[1, 0.5], [2, 1.5], [3, 2], [4, 4.5]]), truth = [1, -1], y = [0.5, 0.5, 1, -0.5];
 * const path = await samRegression(X, y, { rho: 0.1, steps: 500, truth, noise: 0.1 });
 * const plain = await samRegression(X, y, { rho: 0, learningRate: path.learningRate, steps: 500, truth, noise: 0.1 });
 * if (!(path.bias2![20] < plain.bias2![20] && path.variance![20] > plain.variance![20])) throw new Error("not as proved");
 * ```
 *
 * @see Behdin & Mazumder, "On statistical properties of sharpness-aware minimization", 2023
 */
export async function samRegression(
  X: Samples,
  y: VectorLike,
  options: SamRegressionOptions,
): Promise<SamRegressionPath> {
  const resolved = resolveOptions(samRegressionOptions, options, "sharpness-aware regression"),
    run = startRun(resolved);
  const data = regressionData(X, y), { rows, columns } = data, { truth } = resolved;
  const reported = reportedSteps(resolved, columns), last = reported[reported.length - 1];
  if (truth) checkLength("truth", truth, columns, '"X" has columns');
  const parts = Math.min(resolved.microBatches, rows), inBatches = (resolved.batchSize ?? rows) < rows;
  const closed = !resolved.normalize && !inBatches && (parts === 1 || rows >= columns);
  const paths = truth && !closed ? 1 + resolved.draws : 1, size = Math.min(rows, columns);
  const request = {
    families: [denseFamily, spectralFamily],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype: "f64",
    flops: 2 * rows * columns * size + 9 * size ** 3 + (closed ? 0 : 8 * rows * columns * last * paths),
  } as const;
  return await withWorkspace(request, async ({ host, plan }) => {
    const spectrum = await untilTimeUp(run, (pause) => decomposeData(host, data, pause));
    const lossOf = (w: Float64Array) => {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += (plainDot(data.X, w, columns, i * columns) - data.y[i]) ** 2;
      return sum / (2 * rows);
    };
    const eigenvalues = spectrum?.values ?? new Float64Array(0);
    const whole = sharpCurvature(eigenvalues[0] ?? 0, resolved.normalize ? 0 : resolved.rho);
    const common = { width: columns, lossOf, eigenvalues, closedForm: closed };
    const path = closed && spectrum &&
      await untilTimeUp(run, (pause) => closedPath(host, data, spectrum, resolved, pause));
    if (!spectrum || closed && !path) {
      const moments = truth && [momentsAtStart(data, truth)];
      return await reportPath(run, plan, {
        ...common,
        steps: Uint32Array.of(0),
        coefficients: new Float64Array(columns),
        moments,
        status: "time-limit",
        learningRate: resolved.learningRate ?? 0,
        largestLearningRate: Infinity,
      });
    }
    if (path) {
      const largest = path.curvature[0] ?? 0, learningRate = resolved.learningRate ?? (largest > 0 ? 1 / largest : 1);
      const pause = async () => void await run.checkpoint({ stage: "path", fraction: 1, iteration: last });
      const coefficients = await parametersAfter(host, path, learningRate, reported, pause);
      return await reportPath(run, plan, {
        ...common,
        steps: reported,
        coefficients: finite(coefficients, columns, reported, learningRate),
        moments: truth && Array.from(reported, (k) => path.moments!(learningRate, k)),
        status: "converged",
        learningRate,
        largestLearningRate: largest > 0 ? 2 / largest : Infinity,
      });
    }
    const sharpest = inBatches || parts > 1 ? largestOfRow(data) : eigenvalues[0] ?? 0;
    const steepest = sharpCurvature(sharpest, resolved.normalize ? 0 : resolved.rho);
    const learningRate = resolved.learningRate ?? (steepest > 0 ? 1 / steepest : 1);
    const { rho, normalize, batchSize } = resolved, rule = { rate: learningRate, rho, normalize, microBatches: parts };
    const values = truth && data.times(truth);
    const descent = linearDescent(host, data.X, drawnAnswers(data.y, values, resolved), { rows, columns, paths }, rule);
    const taken = await takeSteps(
      run,
      descent,
      reported,
      { rows, width: columns, flops: 8 * Math.min(rows, batchSize ?? rows) * columns * paths },
      { ...resolved, learningRate },
      values && { values, fitted: (w) => data.times(w) },
      (from, order, begin, end) => replay(data, from, order.subarray(begin, end), rule),
    );
    return await reportPath(run, plan, {
      ...common,
      ...taken,
      moments: truth && taken.moments,
      learningRate,
      largestLearningRate: whole > 0 ? 2 / whole : Infinity,
    });
  });
}

async function closedPath(
  workspace: Workspace,
  data: PlainData,
  spectrum: DataSpectrum,
  { microBatches, rho, truth, noise }: ResolvedRegression,
  pause: Pause,
): Promise<ClosedPath & { moments?(rate: number, k: number): Moments }> {
  const parts = Math.min(microBatches, data.rows);
  if (parts > 1 && rho > 0) {
    return await microBatchPath(workspace, loadSamples(workspace, data), data, { parts, rho, truth, noise }, pause);
  }
  return sharpPath(spectrum, data.rows, { rho, truth, noise });
}

/** The path with the curvature `A + rho A^2`. */
function sharpPath(
  { values, gain, basis, signalOf }: DataSpectrum,
  rows: number,
  { rho, truth, noise }: { rho: number; truth?: ArrayLike<number>; noise: number },
): ClosedPath & { moments?(rate: number, k: number): Moments } {
  const curvature = values.map((value) => sharpCurvature(value, rho));
  const path = { curvature, gain: gain.map((value, i) => value * (1 + rho * values[i])), basis };
  if (!truth) return path;
  const known = { signal: signalOf(truth), noise: noise ** 2 / rows };
  return { ...path, moments: (rate, k) => diagonalMoments(known, curvature, rate, k) };
}

/** Nothing is fitted yet. */
function momentsAtStart({ rows, times }: PlainData, truth: ArrayLike<number>): Moments {
  const values = times(truth);
  return { bias2: plainDot(values, values) / rows, variance: 0 };
}

function finite(values: Float64Array, width: number, steps: Uint32Array, learningRate: number): Float64Array {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw diverged(learningRate, steps[Math.floor(at / width)]);
  return values;
}

/** The largest squared length of a row: no batch and no micro-batch has a larger curvature. */
function largestOfRow({ X, rows, columns }: PlainData): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    const row = X.subarray(i * columns, (i + 1) * columns);
    largest = Math.max(largest, plainDot(row, row));
  }
  return largest;
}

/** One step by plain sums over some samples. */
function replay(
  { X, y, columns }: PlainData,
  from: Float64Array,
  samples: Uint32Array,
  rule: Parameters<typeof linearDescent>[4],
): Float64Array {
  const bounds = partBounds(samples.length, Math.min(rule.microBatches, samples.length)), to = from.slice();
  const gradientAt = (w: Float64Array, some: Uint32Array) => {
    const gradient = new Float64Array(columns);
    for (const i of some) {
      const error = (plainDot(X, w, columns, i * columns) - y[i]) / some.length;
      for (let j = 0; j < columns; j++) gradient[j] += error * X[i * columns + j];
    }
    return gradient;
  };
  for (let j = 0; j + 1 < bounds.length; j++) {
    const some = samples.subarray(bounds[j], bounds[j + 1]);
    let gradient = gradientAt(from, some);
    if (rule.rho > 0) {
      const factor = reach(rule, Math.sqrt(plainDot(gradient, gradient)));
      gradient = gradientAt(from.map((value, k) => value + factor * gradient[k]), some);
    }
    for (let k = 0; k < columns; k++) to[k] -= rule.rate * some.length / samples.length * gradient[k];
  }
  return to;
}
