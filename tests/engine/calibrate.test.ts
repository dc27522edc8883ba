import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type BackendRates, calibrate, capabilities, dispose, init, memoryUsage } from "../../mod.ts";
import { crossoverOf } from "../../kernels/engine/calibrate.ts";
import { openWorkspace } from "../../kernels/engine/mod.ts";
import { families } from "../../kernels/families/mod.ts";
import { forbidWorkers, until, watchWorkers } from "../support/workers.ts";

const rate = fc.double({ min: 1e8, max: 1e14, noNaN: true });
const rates: fc.Arbitrary<BackendRates> = fc.record({
  startSeconds: fc.double({ min: 1e-6, max: 10, noNaN: true }),
  flopsPerSecond: rate,
  baselineFlopsPerSecond: rate,
});

describe("crossoverOf", () => {
  it("is where start and work take 0.8 of the baseline's time, and never below 1.25 times its rate", () => {
    fc.assert(fc.property(rates, (rates) => {
      const { startSeconds, flopsPerSecond, baselineFlopsPerSecond } = rates;
      const flops = crossoverOf(rates);
      assert.ok(flops >= 0);
      if (flops === Infinity) {
        assert.ok(flopsPerSecond <= 1.25 * baselineFlopsPerSecond * (1 + 1e-9));
        return;
      }
      const share = (of: number) => (startSeconds + of / flopsPerSecond) / (of / baselineFlopsPerSecond);
      assert.ok(Math.abs(share(flops) - 0.8) < 1e-6, `${share(flops)}`);
      assert.ok(share(2 * flops + 1) <= 0.8 + 1e-6, "more work only speaks for it");
    }));
  });

  it("gives two billion operations for a start of 20 ms and twice 30 GFLOP/s", () => {
    const flops = crossoverOf({ startSeconds: 0.02, flopsPerSecond: 60e9, baselineFlopsPerSecond: 30e9 });
    assert.ok(Math.abs(flops - 2e9) < 1);
    assert.equal(crossoverOf({ startSeconds: 0, flopsPerSecond: 60e9, baselineFlopsPerSecond: 50e9 }), Infinity);
  });
});

describe("calibrate", () => {
  it("measures what is there, says why it left out the rest, and leaves no worker and no memory behind", async () => {
    await init();
    const before = memoryUsage(), watch = watchWorkers();
    try {
      const { threads, threadsReason, webgpu, webgpuSoftware } = await capabilities();
      const { measured, leftOut, ...crossovers } = await calibrate();
      assert.deepEqual(Object.keys(crossovers).sort(), ["threads", "webgpu"]);
      assert.equal(measured.threads === undefined, threadsReason !== undefined || threads === 1);
      assert.equal(measured.webgpu === undefined, webgpu === false || webgpuSoftware === true);
      for (const name of ["threads", "webgpu"] as const) {
        const rates = measured[name];
        assert.equal(leftOut[name] === undefined, rates !== undefined);
        if (rates === undefined) {
          assert.equal(crossovers[name], { threads: 2e9, webgpu: 1e12 }[name], "the default");
          continue;
        }
        assert.equal(crossovers[name], crossoverOf(rates));
        for (const value of Object.values(rates)) assert.ok(value > 0 && value < Infinity, JSON.stringify(rates));
      }
      await until(() => watch.alive() === 0, "the end of the workers");
      assert.deepEqual(memoryUsage(), before);
    } finally {
      watch.stop();
    }
  });

  it("leaves threads out where workers do not start, and says why", async () => {
    const { threads, threadsReason } = await capabilities(), allow = forbidWorkers();
    try {
      const { measured, leftOut, threads: crossover } = await calibrate();
      assert.equal(measured.threads, undefined);
      assert.equal(crossover, 2e9, "the default");
      const forbidden = /^Cannot start worker threads: workers are forbidden$/;
      assert.match(leftOut.threads!, threadsReason || threads === 1 ? /./ : forbidden);
    } finally {
      allow();
    }
  });

  it("is what init takes: later solves are planned by it", async () => {
    const { threads, threadsReason } = await capabilities();
    const backendOf = async (flops: number) => {
      const workspace = await openWorkspace({ families, dtype: "f64", flops });
      workspace.release();
      return workspace.plan.backend;
    };
    try {
      await init({ crossovers: { threads: 1000 } });
      const many = threadsReason || threads === 1 ? "wasm" : "threads";
      assert.deepEqual([await backendOf(999), await backendOf(1000)], ["wasm", many]);
      await init({ crossovers: { threads: Infinity }, maximumOperations: 1e15 });
      assert.equal(await backendOf(1e15), "wasm");
      await init();
      assert.deepEqual([await backendOf(2e9 - 1), await backendOf(2e9)], ["wasm", many]);
      for (const value of [-1, NaN, "2e9" as unknown as number]) {
        await assert.rejects(init({ crossovers: { threads: value } }), {
          name: "RangeError",
          message: /Cannot use "crossovers": expected a number of operations from 0 on for "threads", received/,
        });
      }
    } finally {
      await init();
      await dispose();
    }
  });
});
