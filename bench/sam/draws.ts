/** Closed forms of sharpness-aware steps on least squares, beside the same steps taken over draws of the noise. */

import { createRandom, kernelMatrix, type Matrix, matrix, samKernelRegression, samRegression } from "../../mod.ts";
import type { Cell } from "../case.ts";
import { type Claims, spread } from "./claims.ts";

/** A regression whose truth is known. */
export interface Problem {
  readonly X: Matrix;
  readonly truth: Float64Array;
  readonly values: Float64Array;
}

/** Where the signal lies among directions of curvature 1, 1/2, 1/3, ... */
export type Alignment = "top" | "isotropic" | "bottom";

/** Gaussian features of such curvature, and a truth of variance `ratio` over noise of variance 1. */
export function problem(rows: number, columns: number, alignment: Alignment, ratio: number, seed: number): Problem {
  const random = createRandom(seed), X = matrix(rows, columns), truth = new Float64Array(columns);
  for (let at = 0; at < X.data.length; at++) X.data[at] = random.normal() / Math.sqrt(1 + at % columns);
  const tenth = Math.max(1, Math.round(columns / 10));
  for (let j = 0; j < columns; j++) {
    const isIn = alignment === "isotropic" || (alignment === "top" ? j < tenth : j >= columns - tenth);
    truth[j] = isIn ? random.normal() : 0;
  }
  const values = times(X, truth),
    size = Math.sqrt(ratio * rows / values.reduce((sum, value) => sum + value * value, 0));
  return { X, truth: truth.map((value) => value * size), values: values.map((value) => value * size) };
}

function times({ data, shape: [rows, columns] }: Matrix, w: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += data[i * columns + j] * w[j];
    return sum;
  });
}

/** Steps as they are written down, in plain loops: over features, or over the functions of a kernel. */
function taken(X: Matrix, y: Float64Array, rho: number, rate: number, steps: number, parts: number) {
  const [rows, columns] = X.shape, { data } = X;
  const w = new Float64Array(columns), moved = new Float64Array(columns), step = new Float64Array(columns);
  const gradient = (at: Float64Array, begin: number, end: number, out: Float64Array) => {
    out.fill(0);
    for (let i = begin; i < end; i++) {
      let error = -y[i];
      for (let j = 0; j < columns; j++) error += data[i * columns + j] * at[j];
      error /= end - begin;

      for (let j = 0; j < columns; j++) out[j] += error * data[i * columns + j];
    }
  };
  const g = new Float64Array(columns);
  for (let k = 0; k < steps; k++) {
    step.fill(0);
    for (let part = 0; part < parts; part++) {
      const begin = Math.floor(part * rows / parts), end = Math.floor((part + 1) * rows / parts);
      gradient(w, begin, end, g);
      for (let j = 0; j < columns; j++) moved[j] = w[j] + rho * g[j];
      gradient(moved, begin, end, g);
      for (let j = 0; j < columns; j++) step[j] += (end - begin) / rows * g[j];
    }
    for (let j = 0; j < columns; j++) w[j] -= rate * step[j];
  }
  return times(X, w);
}

/** Bias and variance over draws, in 40 groups that give their standard errors. */
function simulated(
  values: Float64Array,
  noise: number,
  draws: number,
  seed: number,
  fit: (y: Float64Array) => Float64Array,
) {
  const random = createRandom(seed), rows = values.length, groups = 40, size = draws / groups;
  const biases: number[] = [], variances: number[] = [];
  for (let group = 0; group < groups; group++) {
    const mean = new Float64Array(rows), squares = new Float64Array(rows);
    for (let draw = 1; draw <= size; draw++) {
      const fitted = fit(values.map((value) => value + noise * random.normal()));
      for (let i = 0; i < rows; i++) {
        const error = fitted[i] - values[i], change = error - mean[i];
        mean[i] += change / draw;
        squares[i] += change * (error - mean[i]);
      }
    }
    const variance = squares.reduce((sum, value) => sum + value, 0) / (size - 1) / rows;
    biases.push(mean.reduce((sum, value) => sum + value * value, 0) / rows - variance / size);
    variances.push(variance);
  }
  return { bias2: spread(biases), variance: spread(variances) };
}

/** Bias and variance in closed form against draws: gradient descent, SAM, micro-batches, a kernel. */
export async function againstDraws(draws: number, seed: number): Promise<Claims> {
  const { X, truth, values } = problem(60, 20, "isotropic", 1, seed),
    steps = 15,
    rate = 0.2,
    noise = 1,
    rows: Cell[][] = [];
  const line = matrix(40, 1, Float64Array.from({ length: 40 }, (_, i) => i / 40)),
    kernel = await kernelMatrix(line, line, { width: 0.1 });
  const wave = line.data.map((x) => Math.sin(9 * x * x)), common = { steps, at: [steps], noise } as const;
  let worst = 0;
  for (
    const [name, rho, parts] of [["gradient descent", 0, 1], ["SAM, rho .5", 0.5, 1], ["mSAM 6, rho .5", 0.5, 6], [
      "SAM of a Gaussian kernel, rho .5",
      0.5,
      1,
    ]] as const
  ) {
    const isKernel = name.includes("kernel"), own = isKernel ? 1.5 : rate;
    const options = { ...common, rho, microBatches: parts, learningRate: own };
    const path = isKernel
      ? await samKernelRegression(kernel, wave, { ...options, truth: wave })
      : await samRegression(X, values, { ...options, truth });
    const found = isKernel
      ? simulated(Float64Array.from(wave), noise, draws, seed + 1, (y) => kernelSteps(kernel, y, rho, own, steps))
      : simulated(values, noise, draws, seed + 1, (y) => taken(X, y, rho, own, steps, parts));
    const off = (is: { mean: number; error: number }, should: number) => Math.abs(is.mean - should) / is.error;
    const bias = off(found.bias2, path.bias2![0]), variance = off(found.variance, path.variance![0]);
    worst = Math.max(worst, bias, variance);
    rows.push([
      name,
      path.bias2![0].toFixed(5),
      found.bias2.mean.toFixed(5),
      bias,
      path.variance![0].toFixed(5),
      found.variance.mean.toFixed(5),
      variance,
    ]);
  }
  return {
    tables: [{
      title: `Closed forms after ${steps} steps, and ${draws} draws of the noise`,
      columns: [
        "path",
        "squared bias",
        "by draws",
        "standard errors apart",
        "variance",
        "by draws",
        "standard errors apart",
      ],
      rows,
    }],
    targets: [{
      name: "standard errors between closed forms and draws, at most",
      value: worst,
      limit: 3,
      sense: "at most",
    }],
  };
}

/** `a <- a + rate / n (r + rho K r / n)`, `r = y - K a`. */
function kernelSteps(kernel: Matrix, y: Float64Array, rho: number, rate: number, steps: number): Float64Array {
  const n = y.length, a = new Float64Array(n);
  for (let k = 0; k < steps; k++) {
    const fitted = times(kernel, a), residual = y.map((value, i) => value - fitted[i]), image = times(kernel, residual);
    for (let i = 0; i < n; i++) a[i] += rate / n * (residual[i] + rho / n * image[i]);
  }
  return times(kernel, a);
}
