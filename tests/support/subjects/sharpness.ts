/** Classifiers and measures of flatness as subjects: nasty tables, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import {
  createRandom,
  kernelMatrix,
  type Matrix,
  matrix,
  samKernelRegression,
  samKernelSpectrum,
  samPath,
  samRegression,
  type SamRegressionOptions,
  samSpectrum,
  sharpness,
  trainClassifier,
  type TrainClassifierCall,
} from "../../../mod.ts";
import { nastyTable } from "../nasty_data.ts";
import type { Stoppable, Subject } from "../subject.ts";

async function fuzzTraining(seed: number): Promise<void> {
  const random = createRandom(seed), rows = 2 + random.integer(40), columns = 1 + random.integer(6);
  const { samples, kind } = nastyTable(rows, columns, seed), classes = 2 + random.integer(3);
  const labels = Uint32Array.from({ length: samples.shape[0] }, () => random.integer(classes));
  const options: TrainClassifierCall = {
    hidden: random.uniform() < 0.3 ? [] : [1 + random.integer(9)],
    activation: random.uniform() < 0.5 ? "tanh" : "relu",
    classes,
    epochs: 1 + random.integer(6),
    batchSize: 1 + random.integer(30),
    optimizer: {
      rho: [0, 0.01, 0.3][random.integer(3)],
      microBatches: 1 + random.integer(6),
      norm: (["global", "per-tensor", "none"] as const)[random.integer(3)],
      base: { kind: random.uniform() < 0.5 ? "sgd" : "adamw" },
    },
  };
  const what = `training of seed ${seed}, ${rows} x ${columns} with ${kind}, ${JSON.stringify(options)}`;
  const trained = await trainClassifier(samples, labels, options);
  assert.ok(trained.parameters.every(Number.isFinite), `${what}: parameters are not finite`);
  const shares = (await trained.probabilities(samples)).data;
  const loss = labels.reduce((sum, label, i) => sum - Math.log(shares[i * classes + label]), 0) / labels.length;
  const near = !Number.isFinite(loss) || Math.abs(trained.objective - loss) <= 1e-7 * (1 + loss);
  assert.ok(near, `${what}: ${trained.objective}, by its probabilities ${loss}`);
}

/** Noise with labels. */
function noise(rows: number, columns: number): { X: Matrix; labels: Uint32Array } {
  const random = createRandom(rows);
  const X = matrix(rows, columns, Float32Array.from({ length: rows * columns }, random.normal));
  return { X, labels: Uint32Array.from({ length: rows }, (_, i) => i % 3) };
}

const sizes = [[200, 20], [2000, 200], [20_000, 50]] as const;

function trainings(name: string, options: TrainClassifierCall): Stoppable {
  return {
    name,
    sizes,
    prepare(rows, columns) {
      const { X, labels } = noise(rows, columns);
      return (solve) => trainClassifier(X, labels, { epochs: 1000, ...options, ...solve });
    },
  };
}

/** {@linkcode trainClassifier}. */
export const training: Subject = {
  fuzz: fuzzTraining,
  instances: 150,
  stops: [
    trainings("perceptron", { hidden: [64] }),
    trainings("validation", { hidden: [64], validation: 0.5, optimizer: { microBatches: 8 } }),
  ],
};

/** {@linkcode sharpness}. */
export const flatness: Subject = {
  stops: [{
    name: "curvature",
    sizes,
    prepare(rows, columns) {
      const { X, labels } = noise(rows, columns), trained = trainClassifier(X, labels, { epochs: 1 });
      return async (solve) =>
        await sharpness(await trained, { lanczosSteps: 1000, probes: 1e6, tolerance: 0, ...solve });
    },
  }],
};

async function fuzzRegression(seed: number): Promise<void> {
  const random = createRandom(seed), rows = 1 + random.integer(20), columns = 1 + random.integer(20);
  const { samples, kind } = nastyTable(rows, columns, seed), [count, features] = samples.shape;
  const y = Float64Array.from({ length: count }, random.normal);
  const options: SamRegressionOptions = {
    steps: random.integer(30),
    normalize: random.uniform() < 0.3,
    microBatches: 1 + random.integer(5),
    ...(random.uniform() < 0.3 && { batchSize: 1 + random.integer(10) }),
    ...(random.uniform() < 0.5 && { truth: Float64Array.from({ length: features }, random.normal), draws: 5 }),
  };
  const largest = Float64Array.from(samples.data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const rho = largest > 0 ? random.uniform() / (largest * largest * features) : 0;
  const what = `a path of seed ${seed}, ${rows} x ${columns} with ${kind}, ${JSON.stringify(options)}`;
  const path = await samRegression(samples, y, { ...options, rho: options.normalize ? 0.01 : rho });
  assert.ok(path.coefficients.data.every(Number.isFinite), `${what}: coefficients are not finite`);
  if (path.risk) assert.ok(path.risk.every((risk) => risk >= 0), `${what}: a risk below 0`);
  // The steps of micro-batches and batches lower another loss.
  if (options.normalize || options.microBatches! > 1 || options.batchSize !== undefined) return;
  path.loss.forEach((loss, k) => {
    const before = k === 0 ? y.reduce((sum, value) => sum + value * value, 0) / (2 * count) : path.loss[k - 1];
    assert.ok(loss <= before * (1 + 1e-6) + 1e-12, `${what}: the loss rises at ${k}`);
  });
}

/** {@linkcode samRegression}. */
export const sharpPaths: Subject = {
  fuzz: fuzzRegression,
  instances: 300,
  stops: [{}, { normalize: true, microBatches: 3 }].map((setting) => ({
    name: "normalize" in setting ? "step by step" : "in closed form",
    sizes: [[200, 20], [1500, 600]],
    prepare(rows, columns) {
      const { X } = noise(rows, columns), y = Float64Array.from({ length: rows }, createRandom(1).normal);
      return (solve) => samRegression(X, y, { steps: 1e8, at: [1e8], ...setting, ...solve });
    },
  })),
};

/** {@linkcode samKernelRegression}. */
export const sharpKernelPaths: Subject = {
  stops: [{}, { normalize: true }].map((setting) => ({
    name: "normalize" in setting ? "step by step" : "in closed form",
    sizes: [[100, 5], [800, 5]],
    prepare(rows, columns) {
      const { X } = noise(rows, columns), kernel = kernelMatrix(X, X);
      const y = Float64Array.from({ length: rows }, createRandom(1).normal);
      return async (solve) =>
        await samKernelRegression(await kernel, y, { steps: 1e8, at: [1e8], ...setting, ...solve });
    },
  })),
};

async function fuzzSpectrum(seed: number): Promise<void> {
  const random = createRandom(seed), rows = 1 + random.integer(20), columns = 1 + random.integer(20);
  const { samples, kind } = nastyTable(rows, columns, seed), [count, features] = samples.shape;
  const y = Float64Array.from({ length: count }, random.normal);
  const spectrum = await samSpectrum(samples, y, { truth: Float64Array.from({ length: features }, random.normal) });
  const what = `a spectrum of seed ${seed}, ${rows} x ${columns} with ${kind}`;
  const rho = random.uniform() / (spectrum.eigenvalues[0] ?? 1), path = samPath(spectrum, { rho });
  const steps = Uint32Array.from({ length: 12 }, (_, i) => 4 ** i), best = path.bestStep(4 ** 11);
  let before = path.at(0);
  for (const step of steps) {
    const here = path.at(step), rounding = 1e-12 * (before.loss + spectrum.unexplained);
    assert.ok(path.coefficients(step).every(Number.isFinite), `${what}: coefficients are not finite`);
    assert.ok(
      here.loss <= before.loss + rounding && here.bias2! <= before.bias2! * (1 + 1e-9),
      `${what}: ${step} rises`,
    );
    assert.ok(here.variance >= before.variance * (1 - 1e-9), `${what}: the variance falls at ${step}`);
    assert.ok(path.at(best).risk! <= here.risk! * (1 + 1e-9), `${what}: ${step} is better than ${best}`);
    before = here;
  }
}

/** {@linkcode samSpectrum}. */
export const sharpSpectra: Subject = {
  fuzz: fuzzSpectrum,
  instances: 300,
  untimed: true,
  stops: [{
    name: "a decomposition",
    sizes: [[200, 20], [1500, 600]],
    prepare(rows, columns) {
      const { X } = noise(rows, columns), y = Float64Array.from({ length: rows }, createRandom(1).normal);
      return async ({ backend, threads, signal, onProgress }) => {
        for (;;) await samSpectrum(X, y, { backend, threads, signal, onProgress });
      };
    },
  }],
};

/** {@linkcode samKernelSpectrum}. */
export const sharpKernelSpectra: Subject = {
  untimed: true,
  stops: [{
    name: "a decomposition",
    sizes: [[100, 5], [800, 5]],
    prepare(rows, columns) {
      const { X } = noise(rows, columns), kernel = kernelMatrix(X, X);
      const y = Float64Array.from({ length: rows }, createRandom(1).normal);
      return async ({ backend, threads, signal, onProgress }) => {
        for (;;) await samKernelSpectrum(await kernel, y, { backend, threads, signal, onProgress });
      };
    },
  }],
};
