/** Sharpness-aware steps, trained networks, and how flat they are. @module */

import assert from "node:assert/strict";
import * as minima from "../../../mod.ts";
import { simulate } from "../../solvers/regression/data.ts";
import { meanCrossEntropy, spirals } from "../../solvers/sharpness/data.ts";
import { type Check, near, place } from "./check.ts";

const { X, y } = simulate(30, 7, 3, 0.6, 0.5, 4);

/** The checks. */
export const sharpnessChecks: Record<string, Record<string, Check>> = {};

const arms = spirals(60, 3, 1), armNetwork = { hidden: [6], epochs: 5, batchSize: 20 } as const;
const armsTrained = await minima.trainClassifier(arms.X, arms.labels, armNetwork);
sharpnessChecks.trainClassifier = Object.fromEntries(
  ([{ rho: 0 }, { rho: 0.1, microBatches: 3 }, { rho: 0.1, base: { kind: "adamw" } }] as const).map((optimizer, at) => [
    `optimiser ${at}`,
    async () => {
      const trained = await minima.trainClassifier(arms.X, arms.labels, { ...armNetwork, ...place, optimizer });
      near("the objective", trained.objective, meanCrossEntropy(trained, arms));
    },
  ]),
);
sharpnessChecks.sharpness = {
  classifier: async () => {
    const options = { ...place, probes: 3, lanczosSteps: 12, ascentSteps: 0 };
    const { objective, largestEigenvalue } = await minima.sharpness(armsTrained, options);
    near("the objective", objective, armsTrained.objective);
    const apart = Math.abs(largestEigenvalue / armsSharpness.largestEigenvalue - 1);
    assert.ok(apart < 0.05, `an eigenvalue of ${largestEigenvalue}, in truth ${armsSharpness.largestEigenvalue}`);
  },
};
const armsSharpness = await minima.sharpness(armsTrained);

/** Coefficients after four steps, taken as they are written down. */
function sharpSteps(rho: number, rate: number, normalize: boolean): Float64Array {
  const [samples, features] = X.shape, w = new Float64Array(features);
  const gradient = (at: Float64Array) => {
    const sum = new Float64Array(features);
    for (let i = 0; i < samples; i++) {
      let error = -y[i];
      for (let j = 0; j < features; j++) error += X.data[i * features + j] * at[j];
      for (let j = 0; j < features; j++) sum[j] += error * X.data[i * features + j] / samples;
    }
    return sum;
  };
  for (let k = 0; k < 4; k++) {
    const g = gradient(w), factor = normalize ? rho / Math.hypot(...g) : rho;
    gradient(w.map((value, j) => value + factor * g[j])).forEach((slope, j) => w[j] -= rate * slope);
  }
  return w;
}
const ownKernel = await minima.kernelMatrix(X, X, { kernel: "linear" });
const sharpSettings = [{ rho: 0.1 }, { rho: 0.1, normalize: true }] as const;
for (const name of ["samRegression", "samKernelRegression"] as const) {
  sharpnessChecks[name] = Object.fromEntries(sharpSettings.map((setting) => [
    JSON.stringify(setting),
    async () => {
      const options = { ...place, ...setting, steps: 4, at: [4], learningRate: 0.05 };
      const path = name === "samRegression"
        ? await minima.samRegression(X, y, options)
        : await minima.samKernelRegression(ownKernel, y, options);
      const truth = sharpSteps(0.1, 0.05, "normalize" in setting), [samples, features] = X.shape;
      let loss = 0, right = 0;
      for (let i = 0; i < samples; i++) {
        let value = 0, expected = 0;
        for (let j = 0; j < features; j++) expected += X.data[i * features + j] * truth[j];
        for (let j = 0; j < path.coefficients.data.length; j++) {
          value += (name === "samRegression" ? X.data[i * features + j] : ownKernel.data[i * samples + j]) *
            path.coefficients.data[j];
        }
        loss += (y[i] - value) ** 2 / (2 * samples);
        right += (y[i] - expected) ** 2 / (2 * samples);
      }
      near("the objective", path.objective, loss);
      // A kernel that never ends leaves a path that has not begun.
      if (path.status === "time-limit") return;
      if (!("normalize" in setting)) {
        assert.ok(Math.abs(loss / right - 1) < 1e-6, `a loss of ${loss}, in truth ${right}`);
      }
    },
  ]));
}

for (const name of ["samSpectrum", "samKernelSpectrum"] as const) {
  sharpnessChecks[name] = {
    path: async () => {
      const { backend, timeLimitMs } = place, signal = AbortSignal.timeout(timeLimitMs);
      const found = name === "samSpectrum"
        ? minima.samSpectrum(X, y, { backend, signal })
        : minima.samKernelSpectrum(ownKernel, y, { backend, signal });
      const spectrum = await found.catch((error) => {
        if (error !== signal.reason) throw error;
      });
      // A kernel that never ends leaves nothing to be wrong about.
      if (!spectrum) return;
      const truth = sharpSteps(0.1, 0.05, false), [samples, features] = X.shape;
      let right = 0;
      for (let i = 0; i < samples; i++) {
        let error = y[i];
        for (let j = 0; j < features; j++) error -= X.data[i * features + j] * truth[j];
        right += error * error / (2 * samples);
      }
      const { loss } = minima.samPath(spectrum, { rho: 0.1, learningRate: 0.05 }).at(4);
      assert.ok(Math.abs(loss / right - 1) < 1e-6, `a loss of ${loss}, in truth ${right}`);
    },
  };
}
