import { before, describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  BackendError,
  capabilities,
  type CompletedMatrix,
  completeMatrix,
  type CompleteMatrixOptions,
  completeMatrixPath,
  completeViolations,
  type Observations,
  updateCompletion,
} from "../../../mod.ts";
import { deviceUsage, memoryUsage } from "../../../kernels/engine/mod.ts";
import { lowRank, relativeError } from "./problems.ts";

describe("matrix completion on webgpu", () => {
  let missing: string | undefined;
  before(async () => {
    missing = (await capabilities()).webgpuReason;
  });
  const noisy = lowRank(190, 170, 3, 0.4, 1, 0.1), exact = lowRank(190, 170, 3, 0.4, 1);
  const places = [
    Uint32Array.from({ length: 300 }, (_, k) => k % 190),
    Uint32Array.from({ length: 300 }, (_, k) => k % 170),
  ];
  const both = async (observed: Observations, options: CompleteMatrixOptions) => {
    const [device, host] = [
      await completeMatrix(observed, { rankLimit: 10, ...options, backend: "webgpu" }),
      await completeMatrix(observed, { rankLimit: 10, ...options, backend: "wasm" }),
    ];
    assert.deepEqual([device.plan.backend, device.plan.dtype], ["webgpu", "f32"]);
    assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    return { device, host };
  };
  const apart = (one: CompletedMatrix, other: CompletedMatrix) => {
    const [a, b] = [one, other].map((fit) => fit.predict(places[0], places[1]));
    return Math.hypot(...a.map((value, k) => value - b[k])) / Math.hypot(...b);
  };

  it("takes the products of the whole matrix there, and comes to the answer of the processor", async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const weights = noisy.observed.values.map((_, e) => 1 - 0.5 * (e % 2)),
      fast = { widthDecay: 0.6, innerIterations: 3, maxIterations: 60 };
    const ways: readonly (readonly [Observations, CompleteMatrixOptions])[] = [[{ ...noisy.observed, weights }, {}], [
      noisy.observed,
      { method: "soft-impute" },
    ]];
    for (const [observed, options] of ways) {
      const { device, host } = await both(observed, { ...fast, ...options, offsets: false });
      assert.deepEqual([device.status, device.rank], [host.status, host.rank]);
      assert.ok(apart(device, host) < 1e-4, `${device.method}: ${apart(device, host)}`);
      assert.ok(Math.abs(device.objective - host.objective) <= 1e-4 * host.objective, `${device.objective}`);
    }
  });

  it("goes on in f64 where the width is small, so that exact data are recovered as on the processor", async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const { device, host } = await both(exact.observed, {
      holdout: 0,
      widthDecay: 0.8,
      leastWidth: 1e-5,
      tolerance: 0,
    });
    const [error, known] = [device, host].map((fit) => relativeError(fit, exact.whole));
    assert.ok(known < 1e-6 && error < 1e-6, `${error} on the device, ${known} on the processor`);
    const { used } = memoryUsage(),
      next = await updateCompletion(device, exact.observed, { rankLimit: 10, backend: "webgpu" });
    assert.ok(relativeError(next, exact.whole) < 1e-6);
    assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    assert.equal(memoryUsage().used, used);
  });

  it("is refused where the products of a whole matrix are not what takes the time", async () => {
    const small = lowRank(12, 9, 2, 0.6, 1).observed, asked = { backend: "webgpu" } as const;
    await assert.rejects(completeMatrix(small, asked), BackendError);
    await assert.rejects(completeMatrixPath(noisy.observed, asked).next(), BackendError);
    const levels = { ...small, values: small.values.map((value) => Number(value > 0)) };
    await assert.rejects(completeViolations(levels, { ...asked, boundaries: [0], threshold: 1 }), BackendError);
  });
});
