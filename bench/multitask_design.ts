/**
 * The simulation of Loewinger et al. (2022): one X, several responses whose supports agree in most features and whose
 * coefficients differ.
 */

import { createRandom, type Matrix, matrix } from "../mod.ts";

/** Sizes of the simulation, as its authors name the files of their results. */
export interface MultiTaskSetting {
  readonly features: number;
  /** Of the training rows; as many are for testing. */
  readonly samples: number;
  readonly tasks: number;
  /** Range of the variance of the noise, one draw a task. */
  readonly noise: readonly [least: number, most: number];
  /** Variance of the coefficients between tasks. */
  readonly betaVariance: number;
}

/** A replicate. */
export interface MultiTaskDesign {
  readonly X: Matrix;
  readonly Y: Matrix;
  readonly testX: Matrix;
  readonly testY: Matrix;
  /** True features of each task. */
  readonly supports: readonly ReadonlySet<number>[];
}

/** Features that all tasks have, features that each has by chance, and the correlation of neighbours. */
const shared = 10, sometimes = 5, correlation = 0.5;

/**
 * A replicate: every second feature of the first twenty in all tasks, five more each with probability one half; coefficients
 * of mean 0.2 to 0.5 in magnitude, the same in all replicates, and normal differences between tasks.
 */
export function multiTaskDesign(setting: MultiTaskSetting, seed: number): MultiTaskDesign {
  const { features, samples, tasks, noise: [least, most], betaVariance } = setting;
  const fixed = createRandom(1), random = createRandom(seed);
  const means = Array.from({ length: shared + sometimes + 1 }, () => {
    const value = -0.5 + fixed.uniform();
    return Math.abs(value) <= 0.2 ? Math.sign(value) * (0.2 + 0.3 * fixed.uniform()) : value;
  });
  const deviation = Math.sqrt(betaVariance);
  const coefficients = Array.from({ length: tasks }, () =>
    means.map((mean, m) => {
      const isThere = m <= shared || random.uniform() < 0.5, value = mean + deviation * random.normal();
      return isThere ? value : 0;
    }));
  const place = (m: number) => 2 * (m - 1);
  const deviations = coefficients.map(() => Math.sqrt(least + (most - least) * random.uniform()));
  const draw = () => {
    const X = matrix(samples, features), Y = matrix(samples, tasks);
    for (let i = 0; i < samples; i++) {
      let value = random.normal();
      for (let j = 0; j < features; j++) {
        X.data[i * features + j] = value;
        value = correlation * value + Math.sqrt(1 - correlation ** 2) * random.normal();
      }
      coefficients.forEach((own, k) => {
        let response = own[0] + deviations[k] * random.normal();
        for (let m = 1; m < own.length; m++) response += own[m] * X.data[i * features + place(m)];
        Y.data[i * tasks + k] = response;
      });
    }
    return { X, Y };
  };
  const training = draw(), test = draw();
  return {
    ...training,
    testX: test.X,
    testY: test.Y,
    supports: coefficients.map((own) => new Set(own.flatMap((b, m) => m > 0 && b !== 0 ? [place(m)] : []))),
  };
}
