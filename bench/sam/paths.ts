/** What is claimed of sharpness-aware steps on least squares, its kernels and its random batches, measured. */

import {
  createRandom,
  kernelMatrix,
  type Matrix,
  matrix,
  samKernelRegression,
  samKernelSpectrum,
  type SamPath,
  samPath,
  samRegression,
  samSpectrum,
} from "../../mod.ts";
import type { Cell, Table, Target } from "../case.ts";

/** What these measurements give to the case. */
export interface Claims {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

interface Problem {
  readonly X: Matrix;
  readonly truth: Float64Array;
  readonly values: Float64Array;
}

/** Where the signal lies among directions of curvature 1, 1/2, 1/3, ... */
export type Alignment = "top" | "isotropic" | "bottom";

/** Gaussian features of such curvature, and a truth of variance `ratio` over noise of variance 1. */
function problem(rows: number, columns: number, alignment: Alignment, ratio: number, seed: number): Problem {
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

/** Mean and its standard error. */
export function spread(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return { mean, error: Math.sqrt(square / values.length) };
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

/** Bias, variance and risk of SAM beside gradient descent at one rate, over draws of the problem. */
export async function besideDescent(draws: number, seed: number): Promise<Claims> {
  const rows: Cell[][] = [], targets: Target[] = [], horizon = 2000, early = 10;
  let ordered = 0, compared = 0;
  const judge = (name: string, ratio: Cell, rho: number, pairs: [SamPath, SamPath][]) => {
    const sharpBest: number[] = [], plainBest: number[] = [];
    let ahead = 0, behindEqualGradients = 0;
    for (const [sharp, plain] of pairs) {
      for (const k of [1, 2, 3, 5, 8, 13, 30, 100, 300, 1000]) {
        const s = sharp.at(k), p = plain.at(k);
        compared++;
        if (s.bias2! <= p.bias2! * (1 + 1e-12) && s.variance >= p.variance * (1 - 1e-12)) ordered++;
      }
      for (let k = 1; k < early; k++) {
        if (sharp.at(k).risk! < plain.at(k).risk!) ahead++;
        if (sharp.at(k).risk! > plain.at(2 * k).risk!) behindEqualGradients++;
      }
      sharpBest.push(sharp.at(sharp.bestStep(horizon)).risk!);
      plainBest.push(plain.at(plain.bestStep(horizon)).risk!);
    }
    const cells = pairs.length * (early - 1), gain = spread(sharpBest.map((value, i) => plainBest[i] - value));
    rows.push([
      name,
      ratio,
      rho,
      spread(plainBest).mean,
      spread(sharpBest).mean,
      gain.mean / gain.error,
      ahead / cells,
      behindEqualGradients / cells,
    ]);
    return { ahead: ahead / cells, gain: gain.mean / gain.error };
  };
  for (
    const [alignment, ratio, rho] of [["top", 1, 2], ["top", 4, 2], ["isotropic", 1, 2], ["bottom", 0.25, 2]] as const
  ) {
    const pairs: [SamPath, SamPath][] = [];
    for (let draw = 0; draw < draws; draw++) {
      const { X, truth, values } = problem(200, 100, alignment, ratio, seed + 100 + draw);
      const spectrum = await samSpectrum(X, values, { truth }), sharpest = spectrum.eigenvalues[0];
      const learningRate = 1 / (sharpest * (1 + rho * sharpest));
      pairs.push([samPath(spectrum, { rho, learningRate }), samPath(spectrum, { rho: 0, learningRate })]);
    }
    const { ahead, gain } = judge(alignment, ratio, rho, pairs);
    if (alignment !== "top") continue;
    targets.push(
      {
        name:
          `signal on sharp directions, SNR ${ratio}: share of draws and steps below ${early} at which SAM has less risk`,
        value: ahead,
        limit: 0.9,
        sense: "at least",
      },
      {
        name:
          `signal on sharp directions, SNR ${ratio}: standard errors by which SAM's best risk is below gradient descent's`,
        value: gain,
        limit: 2,
        sense: "at least",
      },
    );
  }
  const pairs: [SamPath, SamPath][] = [];
  for (let draw = 0; draw < draws; draw++) {
    const random = createRandom(seed + 500 + draw),
      x = matrix(80, 1, Float64Array.from({ length: 80 }, random.uniform));
    const truth = x.data.map((place) => Math.sin(6 * place + draw)), kernel = await kernelMatrix(x, x, { width: 0.2 });
    const spectrum = await samKernelSpectrum(kernel, truth, { truth }),
      sharpest = spectrum.eigenvalues[0],
      rho = 2 / sharpest;
    const learningRate = 1 / (sharpest * (1 + rho * sharpest));
    pairs.push([
      samPath(spectrum, { rho, learningRate, noise: 0.5 }),
      samPath(spectrum, { rho: 0, learningRate, noise: 0.5 }),
    ]);
  }
  const { ahead } = judge("kernel, a wave", 2, 2, pairs);
  return {
    tables: [{
      title: `SAM beside gradient descent at one rate, ${draws} draws (rho of the kernel over its largest eigenvalue)`,
      columns: [
        "signal",
        "SNR",
        "rho",
        "best risk of descent",
        "of SAM",
        "its gain in standard errors",
        `SAM ahead before step ${early}`,
        "behind descent of twice the steps",
      ],
      rows,
    }],
    targets: [
      {
        name: "share of paths and steps at which SAM has no more bias and no less variance than gradient descent",
        value: ordered / compared,
        limit: 1,
        sense: "at least",
      },
      ...targets,
      {
        name: `kernel regression: share of draws and steps below ${early} at which SAM has less risk`,
        value: ahead,
        limit: 0.9,
        sense: "at least",
      },
    ],
  };
}

/** Random batches: bias and variance by draws of noise and order. */
export async function inBatches(draws: number, seed: number): Promise<Claims> {
  const { X, truth, values } = problem(120, 20, "top", 1, seed + 7), rows: Cell[][] = [], at = [2, 4, 8];
  let bias = 0, variance = 0;
  const found = new Map<number, { bias2: Float64Array; variance: Float64Array; risk: Float64Array }>();
  for (const rho of [0, 1]) {
    const options = { rho, learningRate: 0.2, steps: 8, at, batchSize: 20, truth, draws, seed };
    const { bias2, variance, risk } = await samRegression(X, values, options);
    found.set(rho, { bias2: bias2!, variance: variance!, risk: risk! });
  }
  at.forEach((step, i) => {
    const plain = found.get(0)!, sharp = found.get(1)!;
    if (sharp.bias2[i] < plain.bias2[i]) bias++;
    if (sharp.variance[i] > plain.variance[i]) variance++;
    rows.push([
      step,
      plain.bias2[i],
      sharp.bias2[i],
      plain.variance[i],
      sharp.variance[i],
      plain.risk[i],
      sharp.risk[i],
    ]);
  });
  return {
    tables: [{
      title: `Random batches of 20 rows of 120, ${draws} draws of the noise`,
      columns: ["step", "squared bias, SGD", "SAM, rho 1", "variance, SGD", "SAM, rho 1", "risk, SGD", "SAM, rho 1"],
      rows,
    }],
    targets: [
      {
        name: "random batches: share of steps at which SAM has less bias than SGD",
        value: bias / at.length,
        limit: 1,
        sense: "at least",
      },
      {
        name: "random batches: share of steps at which SAM has more variance than SGD",
        value: variance / at.length,
        limit: 1,
        sense: "at least",
      },
    ],
  };
}
