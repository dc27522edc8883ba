import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  classifierOf,
  kernelMatrix,
  matrix,
  networkLoss,
  sam,
  samKernelRegression,
  samKernelSpectrum,
  samPath,
  samRegression,
  samSpectrum,
  sharpness,
  trainClassifier,
} from "../../mod.ts";
import { checkPromises, integers } from "./support.ts";

/** Whether the sum of two numbers is even: no line tells the classes apart. */
const whole = integers(60, 2, 2, 5), X = matrix(60, 2, whole.data);
const labels = Uint32Array.from({ length: 60 }, (_, i) => Math.abs(X.data[2 * i] + X.data[2 * i + 1]) % 2);
const options = { hidden: [16], epochs: 40, batchSize: 15, optimizer: { rho: 0.05, microBatches: 3 } } as const;

describe("sharpness, in short", () => {
  it("trainClassifier learns, and its model classifies alike", async () => {
    const trained = await trainClassifier(X, labels, options);
    assert.ok(trained.trace[39] < trained.trace[0]);
    assert.ok(await trained.accuracy(X, labels) > 0.7, `${await trained.accuracy(X, labels)}`);
    assert.deepEqual(await classifierOf(trained.model).predict(X), await trained.predict(X));
    const flat = await sharpness(trained, { probes: 10, lanczosSteps: 20 });
    assert.ok(flat.largestEigenvalue > 0 && flat.traceStandardError > 0 && flat.rhoSharpness > 0);
  });

  it("sam takes the published step, over a function and over a loss", async () => {
    const w = Float64Array.of(2), x = [0, 1];
    const optimizer = sam({
      gradient(w, batch, out) {
        const errors = Array.from(batch!, (sample) => w[0] - x[sample]);
        out[0] = errors.reduce((sum, error) => sum + error, 0) / errors.length;
        return errors.reduce((sum, error) => sum + error * error / 2, 0) / errors.length;
      },
      rho: 0.1,
      microBatches: 2,
      base: { learningRate: 0.1, momentum: 0 },
    });
    assert.equal((await optimizer.step(w, [0, 1])).loss, 1.25);
    optimizer.release();
    assert.ok(Math.abs(w[0] - 1.84) < 1e-12);
    const model = await networkLoss(X, labels, { loss: "logistic" }), out = new Float64Array(3);
    assert.ok(Math.abs(await model.gradient(new Float64Array(3), null, out) - Math.log(2)) < 1e-12);
    model.release();
  });

  it("gives the same answer in every runtime, but for rounding", async () => {
    const { objective, parameters } = await trainClassifier(X, labels, { ...options, epochs: 3 });
    assert.ok(Math.abs(objective / 0.6747114457242583 - 1) < 1e-9, `${objective}`);
    assert.ok(Math.abs(parameters[5] / 0.8127784355223301 - 1) < 1e-9, `${parameters[5]}`);
  });

  it("samRegression and samKernelRegression follow one path", async () => {
    const { data } = integers(12, 3, 4, 5), samples = matrix(12, 3, Float64Array.from(data));
    const y = Float64Array.from({ length: 12 }, (_, i) => i % 5 - 2);
    const kernel = await kernelMatrix(samples, samples, { kernel: "linear" });
    for (const normalize of [false, true]) {
      const options = { rho: 0.02, learningRate: 0.01, steps: 20, normalize };
      const one = await samRegression(samples, y, options), other = await samKernelRegression(kernel, y, options);
      one.loss.forEach((loss, k) => assert.ok(Math.abs(loss / other.loss[k] - 1) < 1e-9, `${loss} ${other.loss[k]}`));
      assert.ok(one.loss[20] < one.loss[0]);
      if (!normalize) {
        const { at, bestStep } = samPath(await samSpectrum(samples, y), { rho: 0.02, learningRate: 0.01 });
        one.loss.forEach((loss, k) => assert.ok(Math.abs(loss / at(k).loss - 1) < 1e-9, `${loss} at ${k}`));
        const kernelPath = samPath(await samKernelSpectrum(kernel, y), { rho: 0.02, learningRate: 0.01 });
        assert.equal(bestStep(1000), kernelPath.bestStep(1000));
      }
      await checkPromises(
        (solve) => samRegression(samples, y, { ...options, ...solve }),
        ({ coefficients }) => coefficients.data,
      );
    }
  });

  it("keeps what every solver promises", async () => {
    await checkPromises(
      (solve) => trainClassifier(X, labels, { ...options, ...solve, epochs: 4 }),
      ({ parameters }) => parameters,
    );
    const trained = await trainClassifier(X, labels, { ...options, epochs: 2 });
    await checkPromises(
      async (solve) => {
        const { trace, ...flat } = await sharpness(trained, { ...solve, probes: 4, lanczosSteps: 8 });
        return { ...flat, trace: Float64Array.of(trace) };
      },
      ({ largestEigenvalue, trace }) => [largestEigenvalue, trace],
    );
  });
});
