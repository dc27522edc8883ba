import { before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { type BackendName, capabilities, dispose, quantizeLayer, type QuantizeOptions } from "../../../mod.ts";
import { deviceUsage } from "../../../kernels/engine/mod.ts";
import { type MadeLayer, makeLayer } from "../../support/layers.ts";
import { makeMovedLayer } from "../../support/moved_layers.ts";

const layer = makeLayer({ rows: 40, columns: 72, seed: 3, dtype: "f32" });
const solve = (backend: BackendName, options: QuantizeOptions = {}) =>
  quantizeLayer(layer.weights, layer.gram, { backend, bits: 3, ...options });

describe("quantizeLayer on webgpu", () => {
  let missing: string | undefined;
  before(async () => {
    missing = (await capabilities()).webgpuReason;
  });

  const variants: readonly QuantizeOptions[] = [
    { method: "gptq" },
    { method: "quantease" },
    { method: "quantease", relaxEvery: 0, iterations: 80 },
    { method: "quantease", outliers: { fraction: 0.02 } },
    { method: "auto" },
    { method: "auto", outliers: { fraction: 0.05, structured: true } },
  ];
  for (const variant of variants) {
    it(`comes as near to the original: ${JSON.stringify(variant)}`, async (context) => {
      if (missing) return context.skip(missing);
      const { weights, gram, original } = makeMovedLayer({ rows: 40, columns: 72, seed: 4, dtype: "f32" });
      const options = { bits: 3, groupSize: 24, iterations: 6, original, ...variant } as const;
      const device = await quantizeLayer(weights, gram, { ...options, backend: "webgpu" });
      const host = await quantizeLayer(weights, gram, { ...options, backend: "wasm" });
      assert.equal(device.plan.backend, "webgpu");
      assert.ok(Math.abs(device.objective / host.objective - 1) < 0.02, `${device.objective}, ${host.objective}`);
      if (variant.method === "auto") assert.equal(device.violations, 0);
      assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    });

    it(`finds what wasm finds, certified on the processor: ${JSON.stringify(variant)}`, async (context) => {
      if (missing) return context.skip(missing);
      const options = { groupSize: 24, iterations: 6, ...variant };
      const device = await solve("webgpu", options), host = await solve("wasm", options);
      assert.equal(device.plan.backend, "webgpu");
      assert.equal(device.status, host.status);
      // Rounding may lead descents to different minima of nearly the same objective.
      assert.ok(Math.abs(device.objective / host.objective - 1) < 0.02, `${device.objective}, ${host.objective}`);
      if (variant.method === "auto") assert.equal(device.violations, 0);
      assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    });
  }

  /** A thousand solves of a tiny layer, eight at a time; nothing may be left after each eight. */
  async function thousandSolves(one: (layer: MadeLayer, i: number) => Promise<unknown>): Promise<void> {
    const tiny = makeLayer({ rows: 3, columns: 5, seed: 1, dtype: "f32" });
    for (let begin = 0; begin < 1000; begin += 8) {
      await Promise.all(Array.from({ length: 8 }, (_, i) => one(tiny, begin + i)));
      assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    }
  }

  it("leaves no buffer behind after a thousand solves", async (context) => {
    if (missing) return context.skip(missing);
    await thousandSolves(({ weights, gram }, i) =>
      quantizeLayer(weights, gram, { backend: "webgpu", method: "gptq", bits: 2 + i % 3 as 2 | 3 | 4 })
    );
  });

  it("leaves nothing behind when each of a thousand solves is aborted in the middle", async (context) => {
    if (missing) return context.skip(missing);
    let aborted = 0;
    await thousandSolves(async ({ weights, gram }, i) => {
      const abort = new AbortController();
      const onProgress = ({ stage, iteration }: { stage: string; iteration: number }) => {
        if (stage === "quantease" && iteration === i % 2) abort.abort(new Error("enough"));
      };
      const options = { method: "quantease", bits: 2, signal: abort.signal, onProgress } as const;
      await assert.rejects(
        quantizeLayer(weights, gram, { backend: "webgpu", ...options }),
        /enough/,
      );
      aborted++;
    });
    assert.equal(aborted, 1000);
  });

  it("leaves nothing behind when it is aborted in the middle", async (context) => {
    if (missing) return context.skip(missing);
    const abort = new AbortController();
    let held = 0;
    const onProgress = ({ iteration }: { iteration: number }) => {
      if (iteration < 2) return;
      held = deviceUsage().buffers;
      abort.abort(new Error("enough"));
    };
    await assert.rejects(
      solve("webgpu", { method: "quantease", signal: abort.signal, onProgress }),
      /enough/,
    );
    assert.ok(held > 0, "the device was at work when the abort came");
    assert.deepEqual(deviceUsage(), { buffers: 0, bytes: 0 });
    assert.equal((await solve("webgpu", { method: "gptq" })).plan.backend, "webgpu");
  });

  it("starts afresh after dispose", async (context) => {
    if (missing) return context.skip(missing);
    await dispose();
    assert.equal((await solve("webgpu", { method: "gptq" })).plan.backend, "webgpu");
  });

  it("says why it cannot be used where it was requested", async () => {
    const refusal = missing ?? "it has no f64";
    const weights = { ...layer.weights, data: Float64Array.from(layer.weights.data) };
    await assert.rejects(
      quantizeLayer(missing ? layer.weights : weights, layer.gram, { backend: "webgpu" }),
      {
        name: "BackendError",
        message: `Cannot use backend "webgpu": ${refusal}.`,
      },
    );
  });
});
