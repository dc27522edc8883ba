import { before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { BackendError, capabilities, trainClassifier, type TrainClassifierCall } from "../../../mod.ts";
import { deviceUsage, memoryUsage } from "../../../kernels/engine/mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";

/** Classes told by the largest of some sums of features. */
function problem(samples: number, features: number, classes: number) {
  const random = createRandom(7), data = Float32Array.from({ length: samples * features }, random.normal);
  const labels = Uint32Array.from({ length: samples }, (_, i) => {
    const scores = Array.from({ length: classes }, (_, c) => data[i * features + c] + data[i * features + c + classes]);
    return scores.indexOf(Math.max(...scores));
  });
  return { X: { data, shape: [samples, features] as const }, labels };
}

describe("trainClassifier on webgpu", () => {
  let missing: string | undefined;
  before(async () => {
    missing = (await capabilities()).webgpuReason;
  });
  const { X, labels } = problem(200, 36, 3);
  const ways: readonly (readonly [string, TrainClassifierCall])[] = [
    ["perceptron", { hidden: [19, 8], optimizer: { rho: 0.1 }, validation: 0.2 }],
    ["convolutions, micro-batches of unequal sizes", {
      convolution: { shape: [6, 6, 1], channels: [4, 5] },
      hidden: [7],
      activation: "relu",
      optimizer: { rho: 0.05, microBatches: 3, norm: "per-tensor", clip: 1, base: { nesterov: true } },
    }],
    ["AdamW, adaptive", { hidden: [9], optimizer: { rho: 0.3, adaptive: { eta: 0.02 }, base: { kind: "adamw" } } }],
    ["two ascents, and the decay in the loss", {
      hidden: [9],
      optimizer: { ascentSteps: 2, decayInPerturbation: true, base: { weightDecay: 0.01 } },
    }],
    ["plain descent", { hidden: [], optimizer: { rho: 0, microBatches: 2, schedule: { kind: "cosine" } } }],
  ];

  for (const [name, options] of ways) {
    it(`takes the steps of the processor: ${name}`, async (t) => {
      if (missing !== undefined) return t.skip(missing);
      const common = { ...options, epochs: 2, batchSize: 50 };
      const host = await trainClassifier(X, labels, { ...common, backend: "wasm" }), { used } = memoryUsage();
      const device = await trainClassifier(X, labels, { ...common, backend: "webgpu" });
      assert.deepEqual([device.plan.backend, device.plan.dtype], ["webgpu", "f32"]);
      assert.deepEqual([device.steps, device.skippedSteps, device.bestEpoch], [host.steps, 0, host.bestEpoch]);
      const apart = Math.hypot(...device.parameters.map((value, k) => value - host.parameters[k]));
      assert.ok(apart <= 1e-4 * Math.hypot(...host.parameters), `${apart} apart`);
      for (const [i, loss] of device.trace.entries()) assert.ok(Math.abs(loss - host.trace[i]) < 1e-4);
      assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
      assert.equal(memoryUsage().used, used);
    });
  }

  it("leaves out steps whose loss is not finite, and says so", async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const optimizer = { rho: 0, base: { learningRate: 1e10, momentum: 0, weightDecay: 1e6 } };
    const trained = await trainClassifier(X, labels, { hidden: [], epochs: 3, optimizer, backend: "webgpu" });
    assert.ok(trained.skippedSteps > 0, `${trained.status}`);
    assert.ok(trained.parameters.every(Number.isFinite));
  });

  it("releases the device where it is aborted", async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const aborting = new AbortController(), onProgress = () => aborting.abort(new Error("enough"));
    const call = { hidden: [9], onProgress, signal: aborting.signal, backend: "webgpu" } as const;
    await assert.rejects(trainClassifier(X, labels, call), /enough/);
    assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
  });

  it("is refused where there is no device, and for f64", async () => {
    const wide = { ...X, data: Float64Array.from(X.data) };
    await assert.rejects(trainClassifier(wide, labels, { epochs: 1, backend: "webgpu" }), BackendError);
    if (missing === undefined) return;
    await assert.rejects(trainClassifier(X, labels, { epochs: 1, backend: "webgpu" }), BackendError);
  });
});
