import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BackendError, capabilities, dispose, memoryUsage, nmf, quantizeLayer } from "../../mod.ts";
import { makeLayer } from "../support/layers.ts";
import { until, watchWorkers } from "../support/workers.ts";

const { threadsReason } = await capabilities();
const { weights, gram } = makeLayer({ rows: 96, columns: 96, seed: 5, dtype: "f32" });
/** Chromium ends a worker that does not listen after two seconds; 25 passes must take longer. */
const pauseMs = "process" in globalThis ? 40 : 150;
const absolute = { ...weights, data: weights.data.map(Math.abs) };
const threaded = { method: "quantease", bits: 3, backend: "threads", threads: 3 } as const;

describe("a lost worker", { skip: threadsReason ?? false }, () => {
  it("turns into a BackendError of the solve that used it, and the next solve works", async () => {
    await dispose();
    const watch = watchWorkers();
    try {
      const expected = await quantizeLayer(weights, gram, { ...threaded, backend: "wasm" });
      for (let i = 0; i < 2; i++) {
        let killed = false;
        const solving = quantizeLayer(weights, gram, {
          ...threaded,
          relaxEvery: 1,
          onProgress() {
            if (!killed) watch.kill();
            killed = true;
            for (const until = performance.now() + pauseMs; performance.now() < until;);
          },
        });
        await assert.rejects(solving, (error: Error) => {
          assert.ok(error instanceof BackendError, `${error}`);
          assert.match(error.message, /^A worker thread failed: /);
          return true;
        });
        const next = await quantizeLayer(weights, gram, threaded);
        assert.equal(next.plan.threads, 3);
        assert.deepEqual(next.codes, expected.codes);
      }
      assert.equal(watch.started(), 6, "two at first, and two after each loss");
      assert.equal(watch.alive(), 2);
      await dispose();
      await until(() => watch.alive() === 0, "the end of the workers");
    } finally {
      watch.stop();
    }
  });

  it("is none of those that rested for longer than they sleep: they solve again, and take further kernels", async () => {
    await dispose();
    const watch = watchWorkers();
    try {
      const expected = await quantizeLayer(weights, gram, { ...threaded, backend: "wasm" });
      await quantizeLayer(weights, gram, threaded);
      for (let turn = 0; turn < 2; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 1300));
        if (turn === 1) await nmf(absolute, { rank: 2, maxIterations: 3, backend: "threads", threads: 3 });
        assert.deepEqual((await quantizeLayer(weights, gram, threaded)).codes, expected.codes);
      }
      assert.equal(watch.started(), 2);
      await dispose();
      await until(() => watch.alive() === 0, "the end of the workers");
    } finally {
      watch.stop();
    }
  });

  it("is noticed between solves too", async () => {
    await dispose();
    const watch = watchWorkers();
    try {
      await quantizeLayer(weights, gram, threaded);
      watch.kill();
      // The runtime has to tell first; a solve that comes before fails as the one that used it.
      await until(() => memoryUsage().reserved === 0, "the notice of the loss");
      assert.equal((await quantizeLayer(weights, gram, threaded)).plan.threads, 3);
      await dispose();
    } finally {
      watch.stop();
    }
  });
});
