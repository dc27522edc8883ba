import { after, before, beforeEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { deviceUsage } from "../../kernels/engine/mod.ts";
import { dispose, init } from "../../solvers/core/mod.ts";
import { findAdapter } from "../../kernels/engine/webgpu/adapter.ts";
import { capabilities, quantizeLayer, type QuantizeOptions } from "../../mod.ts";
import { makeLayer } from "../support/layers.ts";
import { withAdapter } from "./other_gpu.ts";

const { weights, gram } = makeLayer({ rows: 16, columns: 24, seed: 5, dtype: "f32" });
const solve = (options: QuantizeOptions = {}) =>
  quantizeLayer(weights, gram, { bits: 3, method: "quantease", iterations: 8, threads: 1, ...options });
const refused = () => Promise.reject(new Error("it is busy"));

describe("an engine whose device fails", () => {
  let runsKernels = false, real: GPUAdapter | undefined;
  before(async () => {
    runsKernels = (await capabilities()).build !== "none";
  });
  beforeEach(async () => {
    const found = await findAdapter();
    real = typeof found === "string" ? undefined : found;
    // Any work goes to a device here.
    await init({ crossovers: { webgpu: 0 } });
  });
  after(() => init());

  it("plans on the processor where there is no adapter, and refuses requests for the device", () =>
    withAdapter(null, async () => {
      assert.ok(runsKernels);
      assert.equal((await solve()).plan.backend, "wasm");
      await assert.rejects(solve({ backend: "webgpu" }), {
        name: "BackendError",
        message: 'Cannot use backend "webgpu": there is no WebGPU adapter.',
      });
    }));

  it("goes to the processor where the device does not start, and says why", () =>
    withAdapter({ requestDevice: refused }, async () => {
      await init({ crossovers: { webgpu: 1 } });
      const { plan } = await solve();
      assert.equal(plan.backend, "wasm");
      assert.match(
        plan.reason,
        /no WebGPU: Cannot use backend "webgpu": it is busy/,
      );
      await assert.rejects(solve({ backend: "webgpu" }), {
        name: "BackendError",
        message: 'Cannot use backend "webgpu": it is busy.',
      });
    }));

  it("goes to the processor where an array is too large for the adapter, and says so", () =>
    withAdapter({ limits: { maxStorageBufferBindingSize: 1024 } }, async () => {
      const needed = 4 * 24 * 24, refusal = `an array of ${needed} bytes is beyond the 1024 of Other adapter`;
      assert.match((await solve()).plan.reason, new RegExp(refusal));
      await assert.rejects(solve({ backend: "webgpu" }), {
        name: "BackendError",
        message: `Cannot use backend "webgpu": ${refusal}.`,
      });
    }));

  it("begins again on the processor where the device is lost in the middle of a solve", async (context) => {
    if (!real) return context.skip("there is no device to lose");
    const expected = await solve({ backend: "wasm" });
    let device: GPUDevice | undefined, lost = 0;
    await withAdapter({ onDevice: (started) => device = started }, async () => {
      const onProgress = ({ iteration }: { iteration: number }) => {
        if (iteration === 2 && lost++ === 0) device!.destroy();
      };
      const { plan, codes } = await solve({ onProgress });
      assert.ok(lost > 0, "the solve was on the device");
      assert.equal(plan.backend, "wasm");
      assert.match(plan.reason, /no WebGPU: The WebGPU device failed/);
      assert.deepEqual(codes, expected.codes);
      assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    }, real);
  });

  it("ends the solve that requested the device where it is lost, and starts another for the next", async (context) => {
    if (!real) return context.skip("there is no device to lose");
    // An adapter gives one device: the second solve has to ask for another adapter, as the engine does.
    const second = await findAdapter() as GPUAdapter;
    let device: GPUDevice | undefined;
    await withAdapter({ onDevice: (started) => device = started }, async () => {
      const onProgress = ({ iteration }: { iteration: number }) => void (iteration === 2 && device!.destroy());
      await assert.rejects(solve({ backend: "webgpu", onProgress }), {
        name: "BackendError",
        message: /The WebGPU device failed/,
      });
      assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    }, real);
    await withAdapter({}, async () => {
      assert.equal((await solve({ backend: "webgpu" })).plan.backend, "webgpu");
    }, second);
    await dispose();
  });
});
