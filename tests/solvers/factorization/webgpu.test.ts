import { before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { archetypalNmf, capabilities, matrix, nmf, projectOntoArchetypes } from "../../../mod.ts";
import { deviceUsage } from "../../../kernels/engine/mod.ts";
import { archetypalSamples, residualSquares, squares } from "./data.ts";

describe("factorisations on webgpu", () => {
  let missing: string | undefined;
  before(async () => {
    missing = (await capabilities()).webgpuReason;
  });
  const { X } = archetypalSamples([150, 70, 5], 0.05, { dtype: "f32" });
  const close = (actual: number, expected: number, size: number) =>
    assert.ok(Math.abs(actual - expected) <= 1e-4 * size, `${actual}, ${expected}`);

  it("take their products there, and come to the answers of the processor", async (t) => {
    if (missing !== undefined) return t.skip(missing);
    for (const lambda of [1, Infinity]) {
      const options = { rank: 5, lambda, maxIterations: 6, tolerance: 0 };
      const [device, host] = [
        await archetypalNmf(X, { ...options, backend: "webgpu" }),
        await archetypalNmf(X, { ...options, backend: "wasm" }),
      ];
      assert.equal(device.plan.backend, "webgpu");
      close(device.objective, host.objective, squares(X));
      close(device.fit, residualSquares(X, device.weights, device.archetypes), squares(X));
    }
    const plain = { rank: 5, maxIterations: 6, tolerance: 0 };
    const [device, host] = [await nmf(X, { ...plain, backend: "webgpu" }), await nmf(X, { ...plain, backend: "wasm" })];
    assert.equal(device.plan.backend, "webgpu");
    close(device.objective, host.objective, squares(X));
    const H = matrix(5, 70, X.data.slice(0, 350));
    const [one, other] = [
      await projectOntoArchetypes(X, H, { backend: "webgpu" }),
      await projectOntoArchetypes(X, H, { backend: "wasm" }),
    ];
    close(residualSquares(X, one, H), residualSquares(X, other, H), squares(X));
    assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
  });
});
