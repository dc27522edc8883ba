import { type Plan, withWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { type Matrix, matrix, type Samples, type VectorLike } from "../core/matrix.ts";
import type { OptionTable } from "../core/options.ts";
import { plainDot } from "../core/plain_sums.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";
import type { SamSpectrum } from "./explorer.ts";
import { decomposeKernel, kernelData } from "./kernel_data.ts";
import { decomposeData, regressionData } from "./linear_data.ts";
import { samRegressionOptions } from "./regression_options.ts";
import { checkLength } from "./regression_path.ts";

/** Options of {@linkcode samSpectrum} and {@linkcode samKernelSpectrum}. */
export interface SamSpectrumOptions extends Pick<SolveOptions, "backend" | "threads" | "signal" | "onProgress"> {
  /** What is true: coefficients [features], or for a kernel the values of the function [rows]. @default unknown */
  readonly truth?: VectorLike;
}

const { truth } = samRegressionOptions, { backend, threads, signal, onProgress } = solveOptions;

/** Table of the options of {@linkcode samSpectrum} and {@linkcode samKernelSpectrum}. */
export const samSpectrumOptions: OptionTable<SamSpectrumOptions, OpenSolveOptions | "truth"> = {
  truth,
  backend,
  threads,
  signal,
  onProgress,
};

/** Its run: there is no answer before the end, so no time limit either. */
const runOf = (options: SamSpectrumOptions) => {
  const run = startRun({ ...options, timeLimitMs: Infinity });
  const pause = async () => void await run.checkpoint({ stage: "decomposition", fraction: 0, iteration: 0 });
  return pause;
};

/**
 * The decomposition from which {@linkcode samPath} has any sharpness-aware path of a least squares problem at once: every
 * step, `rho` and rate. Its eigenvalues and eigenvectors are confirmed by plain sums from the data.
 *
 * O(rows columns min(rows, columns)).
 *
 * @param X Samples as rows [rows, features], of magnitudes between 1e-70 and 1e70.
 * @param y What is to be fitted [rows].
 * @throws {ShapeError} when `X` is empty, or `y` or `truth` do not fit
 * @throws {DataError} for NaN, infinities and magnitudes beyond these
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { fromRows, samPath, samRegression, samSpectrum } from "@minima/minima";
 * const X = fromRows([[1, 0.5], [2, 1.5], [3, 2], [4, 4.5]]), y = [0.5, 0.5, 1, -0.5];
 * const { coefficients } = samPath(await samSpectrum(X, y), { rho: 0.1 });
 * const taken = await samRegression(X, y, { rho: 0.1, steps: 7, at: [7] });
 * if (!(Math.abs(coefficients(7)[0] - taken.coefficients.data[0]) < 1e-12)) throw new Error("another path");
 * ```
 */
export async function samSpectrum(X: Samples, y: VectorLike, options: SamSpectrumOptions = {}): Promise<SamSpectrum> {
  const resolved = resolveOptions(samSpectrumOptions, options, "the spectrum of a regression");
  const data = regressionData(X, y), { rows, columns } = data, size = Math.min(rows, columns), { truth } = resolved;
  if (truth) checkLength("truth", truth, columns, '"X" has columns');
  const request = {
    families: [denseFamily, spectralFamily],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype: "f64",
    flops: 2 * rows * columns * size + 9 * size ** 3,
  } as const;
  const pause = runOf(resolved);
  const { plan, values, gain, basis, signalOf } = await withWorkspace(request, async ({ host, plan }) => {
    return { plan, ...await decomposeData(host, data, pause) };
  });
  return spectrumOf(plan, values, data.y, {
    width: columns,
    // What of y lies along u: (u . y)^2 / rows, where X^T u = sqrt(rows l) v.
    response: (i) => rows >= columns ? gain[i] ** 2 / values[i] : gain[i] ** 2 * rows,
    direction: (i) => basis[i].map((value) => value * gain[i] / values[i]),
    truth: truth && { signal: signalOf(truth) },
  });
}

/**
 * {@linkcode samSpectrum} of kernel regression.
 *
 * O(9 rows^3).
 *
 * @param kernel A symmetric positive semidefinite matrix [rows, rows].
 * @param y What is to be fitted [rows].
 * @throws {ShapeError} when the matrix is not square, or `y` or `truth` do not fit
 * @throws {DataError} for NaN, infinities, and a matrix that is not symmetric or has an eigenvalue below 0
 * @throws {OptionError} for an option outside its range
 *
 * @example
 * ```ts
 * import { kernelMatrix, matrix, samKernelSpectrum, samPath } from "@minima/minima";
 * const X = matrix(30, 1, Float64Array.from({ length: 30 }, (_, i) => i / 30)), truth = X.data.map((x) => Math.sin(6 * x));
 * const y = truth.map((value, i) => value + (i % 2 ? 0.1 : -0.1)), kernel = await kernelMatrix(X, X, { width: 0.2 });
 * const path = samPath(await samKernelSpectrum(kernel, y, { truth }), { rho: 1, noise: 0.1 });
 * const step = path.bestStep(1e6);
 * if (!(path.at(step).risk! < 0.005 && path.at(step).risk! < path.at(1e6).risk!)) throw new Error("not worth stopping");
 * ```
 */
export async function samKernelSpectrum(
  kernel: Matrix,
  y: VectorLike,
  options: SamSpectrumOptions = {},
): Promise<SamSpectrum> {
  const resolved = resolveOptions(samSpectrumOptions, options, "the spectrum of a kernel regression");
  const data = kernelData(kernel, y), { rows } = data, { truth } = resolved;
  if (truth) checkLength("truth", truth, rows, '"y" has elements');
  const request = {
    families: [denseFamily, spectralFamily],
    backend: resolved.backend,
    threads: resolved.threads,
    dtype: "f64",
    flops: 9 * rows ** 3,
  } as const;
  const pause = runOf(resolved);
  const { plan, values, vectors } = await withWorkspace(request, async ({ host, plan }) => {
    return { plan, ...await decomposeKernel(host, data, pause) };
  });
  const along = Float64Array.from(vectors, (vector) => plainDot(vector, data.y));
  return spectrumOf(plan, values, data.y, {
    width: rows,
    response: (i) => along[i] ** 2 / rows,
    direction: (i) => vectors[i].map((value) => value * along[i] / (rows * values[i])),
    truth: truth && {
      signal: Float64Array.from(vectors, (vector) => plainDot(vector, truth) ** 2 / rows),
      size: plainDot(truth, truth) / rows,
    },
  });
}

/** What lies along the eigenvalues above 0, and what is left. */
function spectrumOf(
  plan: Plan,
  values: Float64Array,
  y: Float64Array,
  { width, response, direction, truth }: {
    width: number;
    response(i: number): number;
    direction(i: number): Float64Array;
    truth?: { readonly signal: Float64Array; readonly size?: number };
  },
): SamSpectrum {
  const zero = values.findIndex((value) => value <= 0), count = zero < 0 ? values.length : zero;
  const eigenvalues = values.slice(0, count), directions = matrix(count, width);
  for (let i = 0; i < count; i++) directions.data.set(direction(i), i * width);
  const responses = Float64Array.from(eigenvalues, (_, i) => response(i));
  const left = (size: number, parts: Float64Array) => Math.max(0, size - parts.reduce((sum, part) => sum + part, 0));
  const signal = truth && truth.signal.slice(0, count);
  return {
    rows: y.length,
    eigenvalues,
    directions,
    response: responses,
    unexplained: left(plainDot(y, y) / y.length, responses),
    plan,
    ...(truth && { signal, unreachable: truth.size === undefined ? 0 : left(truth.size, signal!) }),
  };
}
