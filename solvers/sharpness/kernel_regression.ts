import { withWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import type { Matrix, VectorLike } from "../core/matrix.ts";
import { plainDot } from "../core/plain_sums.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { diagonalMoments, parametersAfter, type Spectrum } from "./closed_path.ts";
import { kernelDescent, reach } from "./iterated_path.ts";
import { decomposeKernel, kernelData } from "./kernel_data.ts";
import { partBounds } from "./micro_batches.ts";
import type { PlainData } from "./plain_data.ts";
import { type SamRegressionOptions, samRegressionOptions } from "./regression_options.ts";
import {
  checkLength,
  diverged,
  drawnAnswers,
  reportedSteps,
  reportPath,
  type SamRegressionPath,
  takeSteps,
  untilTimeUp,
} from "./regression_path.ts";
import { sharpCurvature } from "./spectral_filter.ts";

/**
 * Follows sharpness-aware steps of kernel regression: `sum_i (f(x_i) - y_i)^2 / (2 rows)` over functions
 * `f = sum_j a_j k(x_j, .)` from `f = 0`, by gradients and perturbations in the space of these functions,
 *
 *     a <- a + rate / rows (r + rho K r / rows),   r = y - K a
 *
 * and what it costs to stop at each of them, as {@linkcode samRegression}. Normalised, `rho` is over the norm
 * `sqrt(r^T K r) / rows` of the gradient. Unnormalised steps of whole batches need not be taken: one eigen-decomposition
 * of `K` gives any of them. {@linkcode kernelMatrix} makes `K` from samples, and predicts at new ones.
 *
 * O(9 rows^3) and O(rows^2) a reported step in closed form; else O(2 rows^2) a step and draw, twice that for one micro-batch.
 *
 * @param kernel A symmetric positive semidefinite matrix [rows, rows].
 * @param y What is to be fitted [rows].
 * @throws {ShapeError} when the matrix is not square, or `y` or `truth` do not fit
 * @throws {DataError} for NaN, infinities, and a matrix that is not symmetric or has an eigenvalue below 0
 * @throws {OptionError} for an option outside its range, and steps so long that the path leaves the range of numbers
 *
 * @example
 * ```ts
 * import { kernelMatrix, matrix, samKernelRegression } from "@minima/minima";
 * const X = matrix(40, 1, Float64Array.from({ length: 40 }, (_, i) => i / 40));
 * const y = Array.from(X.data, (x) => Math.sin(6 * x)), kernel = await kernelMatrix(X, X, { width: 0.2 });
 * const { coefficients, loss } = await samKernelRegression(kernel, y, { rho: 0.5, steps: 2000, at: [2000] });
 * const at = await kernelMatrix(matrix(1, 1, Float64Array.of(0.33)), X, { width: 0.2 });
 * const value = Float64Array.from(at.data).reduce((sum, k, i) => sum + k * coefficients.data[i], 0);
 * if (!(loss[0] < 1e-4 && Math.abs(value - Math.sin(6 * 0.33)) < 0.02)) throw new Error("not fitted");
 * ```
 *
 * @see Behdin & Mazumder, "On statistical properties of sharpness-aware minimization", 2023
 */
export async function samKernelRegression(
  kernel: Matrix,
  y: VectorLike,
  options: SamRegressionOptions,
): Promise<SamRegressionPath> {
  const resolved = resolveOptions(samRegressionOptions, options, "sharpness-aware kernel regression");
  const run = startRun(resolved), { truth, rho, normalize, batchSize } = resolved;
  const data = kernelData(kernel, y), { rows } = data;
  const reported = reportedSteps(resolved, rows), last = reported[reported.length - 1];
  if (truth) checkLength("truth", truth, rows, '"y" has elements');
  const parts = Math.min(resolved.microBatches, rows), inBatches = (batchSize ?? rows) < rows;
  const closed = !normalize && !inBatches && (parts === 1 || rho === 0),
    paths = truth && !closed ? 1 + resolved.draws : 1;
  const request = {
    families: [denseFamily, spectralFamily],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype: "f64",
    flops: 9 * rows ** 3 + (closed ? 0 : 4 * rows * rows * last * paths),
  } as const;
  return await withWorkspace(request, async ({ host, plan }) => {
    const spectrum = await untilTimeUp(run, (pause) => decomposeKernel(host, data, pause));
    const eigenvalues = spectrum?.values ?? new Float64Array(0), largest = eigenvalues[0] ?? 0;
    const whole = sharpCurvature(largest, normalize ? 0 : rho);
    const lossOf = (a: Float64Array) => {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += (plainDot(data.X, a, rows, i * rows) - data.y[i]) ** 2;
      return sum / (2 * rows);
    };
    const largestLearningRate = whole > 0 ? 2 / whole : Infinity;
    const common = { width: rows, lossOf, eigenvalues, closedForm: closed, largestLearningRate };
    if (!spectrum) {
      return await reportPath(run, plan, {
        ...common,
        steps: Uint32Array.of(0),
        coefficients: new Float64Array(rows),
        moments: truth && [{ bias2: plainDot(truth, truth) / rows, variance: 0 }],
        status: "time-limit",
        learningRate: resolved.learningRate ?? 0,
      });
    }
    const sharpest = inBatches || parts > 1
      ? data.X.reduce((most, value, at) => at % (rows + 1) === 0 ? Math.max(most, value) : most, 0)
      : largest;
    const steepest = sharpCurvature(sharpest, normalize ? 0 : rho);
    const learningRate = resolved.learningRate ?? (steepest > 0 ? 1 / steepest : 1);
    if (closed) {
      const path = pathOf(spectrum, data, rho), { curvature } = path;
      const pause = async () => void await run.checkpoint({ stage: "path", fraction: 1, iteration: last });
      const coefficients = await parametersAfter(host, path, learningRate, reported, pause);
      const wrong = coefficients.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) throw diverged(learningRate, reported[Math.floor(wrong / rows)]);
      const known = truth && {
        signal: Float64Array.from(spectrum.vectors, (vector) => plainDot(vector, truth) ** 2 / rows),
        noise: resolved.noise ** 2 / rows,
      };
      const moments = known && Array.from(reported, (k) => diagonalMoments(known, curvature, learningRate, k));
      return await reportPath(run, plan, {
        ...common,
        steps: reported,
        coefficients,
        moments,
        status: "converged",
        learningRate,
      });
    }
    const rule = { rate: learningRate, rho, normalize, microBatches: parts };
    const descent = kernelDescent(host, data.X, drawnAnswers(data.y, truth, resolved), { rows, paths }, rule);
    const taken = await takeSteps(
      run,
      descent,
      reported,
      { rows, width: rows, flops: 4 * rows * Math.min(rows, batchSize ?? rows) * paths },
      { ...resolved, learningRate },
      truth && { values: truth, fitted: (a) => data.times(a) },
      (from, order, begin, end) => replay(data, from, order.subarray(begin, end), rule),
    );
    return await reportPath(run, plan, { ...common, ...taken, moments: truth && taken.moments, learningRate });
  });
}

/** In the eigenbasis of `K / rows` the coefficients are `u (u . y) / rows` times the filter over the curvature. */
function pathOf({ values, vectors }: Spectrum, { y, rows }: PlainData, rho: number) {
  return {
    curvature: values.map((value) => sharpCurvature(value, rho)),
    gain: Float64Array.from(vectors, (vector, i) => plainDot(vector, y) / rows * (1 + rho * values[i])),
    basis: vectors,
  };
}

/** One step by plain sums over some samples. */
function replay(
  { X, y, rows }: PlainData,
  from: Float64Array,
  samples: Uint32Array,
  rule: Parameters<typeof kernelDescent>[4],
): Float64Array {
  const to = from.slice(), bounds = partBounds(samples.length, Math.min(rule.microBatches, samples.length));
  for (let j = 0; j + 1 < bounds.length; j++) {
    const some = samples.subarray(bounds[j], bounds[j + 1]);
    const residual = Float64Array.from(some, (i) => y[i] - plainDot(X, from, rows, i * rows));
    const image = Float64Array.from(some, (i) => {
      let sum = 0;
      some.forEach((k, at) => sum += X[i * rows + k] * residual[at]);
      return sum / some.length;
    });
    const factor = reach(rule, Math.sqrt(Math.max(0, plainDot(residual, image) / some.length)));
    some.forEach((i, at) => to[i] += rule.rate / samples.length * (residual[at] + factor * image[at]));
  }
  return to;
}
