import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  capabilities,
  dispose,
  init,
  matrix,
  memoryUsage,
  quantizeLayer,
  type QuantizeOptions,
  sparsePrecision,
  sparseRegression,
} from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { makeLayer } from "../support/layers.ts";
import { until, watchWorkers } from "../support/workers.ts";

const { threadsReason } = await capabilities();
const counts = [1, 2, 3, 8];

/** Large enough for the kernels to split in eight. */
const layer = makeLayer({ rows: 192, columns: 160, seed: 11, dtype: "f32" });
const small = makeLayer({ rows: 64, columns: 80, seed: 12, dtype: "f32" });

/** What may differ between two runs of one solve: where and how long. */
function answerOf<T extends { plan: unknown; elapsedMs: number }>({ plan: _, elapsedMs: __, ...answer }: T) {
  return answer;
}

const quantizations: { readonly [name: string]: QuantizeOptions } = {
  quantease: { method: "quantease", iterations: 6 },
  auto: { method: "auto", iterations: 6 },
  gptq: { method: "gptq", activationOrder: true },
  "quantease with outliers": { method: "quantease", iterations: 4, outliers: { fraction: 0.01 } },
  "auto with outliers, in groups": { method: "auto", iterations: 4, outliers: { fraction: 0.01 }, groupSize: 32 },
};

describe("threads", { skip: threadsReason ?? false }, () => {
  for (const [name, options] of Object.entries(quantizations)) {
    it(`change nothing in quantizeLayer, ${name}: 1, 2, 3 and 8 of them`, async () => {
      const solve = (threads: number) =>
        quantizeLayer(layer.weights, layer.gram, { ...options, bits: 3, backend: "threads", threads });
      const [one, ...others] = await Promise.all(counts.map(solve));
      assert.equal(one.plan.backend, "wasm", "one thread needs no workers");
      for (const [i, other] of others.entries()) {
        assert.equal(other.plan.threads, counts[i + 1]);
        assert.deepEqual(answerOf(other), answerOf(one));
      }
    });
  }

  const random = createRandom(3);
  const samples = matrix(120, 90, Float64Array.from({ length: 120 * 90 }, random.normal));
  // A response of four features, the rest noise.
  const response = Float64Array.from(
    { length: 120 },
    (_, i) => [1, 2, 3, 4].reduce((sum, j) => sum + samples.data[i * 90 + j], 0.1 * random.normal()),
  );

  for (const method of ["local-search", "exact"] as const) {
    it(`change nothing in sparseRegression, ${method}`, async () => {
      const solve = (threads: number) =>
        sparseRegression(samples, response, { lambda0: 1, lambda2: 0.5, method, backend: "threads", threads });
      const [one, ...others] = await Promise.all(counts.map(solve));
      assert.ok(one.support.length >= 4);
      for (const other of others) assert.deepEqual(answerOf(other), answerOf(one));
    });
  }

  for (const method of ["approximate", "exact"] as const) {
    it(`change nothing in sparsePrecision, ${method}`, async () => {
      const options = { lambda0: 0.05, lambda2: 0.3, method, nodeLimit: 5, backend: "threads" } as const;
      const solve = (threads: number) => sparsePrecision(samples, { ...options, threads });
      const [one, ...others] = await Promise.all(counts.map(solve));
      for (const other of others) assert.deepEqual(answerOf(other), answerOf(one));
    });
  }

  it("leave nothing behind over 1,000 solves in a row", async () => {
    const watch = watchWorkers();
    try {
      await init();
      const solve = (threads: number) =>
        quantizeLayer(small.weights, small.gram, { method: "quantease", iterations: 2, backend: "threads", threads });
      const { codes } = await solve(3);
      const { used, reserved } = memoryUsage();
      for (let i = 1; i < 1000; i++) {
        const again = await solve(2 + i % 2);
        if (i % 100 === 0) assert.deepEqual(again.codes, codes);
      }
      assert.deepEqual(usageNow(), { used, reserved });
      assert.equal(watch.started(), 2, "workers are used again");
      await dispose();
      await until(() => watch.alive() === 0, "the end of the workers");
    } finally {
      watch.stop();
    }
  });

  it("leave nothing behind where each of 1,000 solves is aborted in its middle", async () => {
    const watch = watchWorkers();
    try {
      await init();
      const solve = (signal?: AbortSignal, onProgress?: () => void) =>
        quantizeLayer(small.weights, small.gram, { backend: "threads", threads: 3, signal, onProgress });
      const { codes } = await solve();
      const { used, reserved } = memoryUsage();
      for (let i = 0; i < 1000; i++) {
        const controller = new AbortController(), reason = new Error(`enough of ${i}`);
        let steps = 0;
        const solving = solve(controller.signal, () => ++steps === 1 + i % 25 && controller.abort(reason));
        await assert.rejects(solving, (error) => error === reason);
      }
      assert.deepEqual(usageNow(), { used, reserved });
      assert.deepEqual((await solve()).codes, codes);
      assert.equal(watch.started(), 2);
      await dispose();
      await until(() => watch.alive() === 0, "the end of the workers");
    } finally {
      watch.stop();
    }
  });

  it("serve solves that overlap a dispose: those under way end as they would have, new ones start afresh", async () => {
    const watch = watchWorkers();
    try {
      await init();
      const solve = () =>
        quantizeLayer(layer.weights, layer.gram, {
          method: "quantease",
          iterations: 5,
          backend: "threads",
          threads: 2,
        });
      const { codes } = await solve();
      for (let i = 0; i < 5; i++) {
        const before = solve(), disposing = dispose(), during = solve();
        await disposing;
        const after = solve();
        for (const { codes: again } of await Promise.all([before, during, after])) assert.deepEqual(again, codes);
      }
      await dispose();
      await until(() => watch.alive() === 0, "the end of the workers");
      assert.deepEqual(usageNow(), { used: 0, reserved: 0 });
    } finally {
      watch.stop();
    }
  });

  it("are waited for without blocking", async () => {
    const wait = Atomics.wait;
    Atomics.wait = () => {
      throw new Error("the calling thread must not block");
    };
    try {
      const { plan } = await quantizeLayer(layer.weights, layer.gram, {
        backend: "threads",
        threads: 3,
        iterations: 3,
      });
      assert.equal(plan.threads, 3);
    } finally {
      Atomics.wait = wait;
    }
    await dispose();
  });
});

function usageNow() {
  const { used, reserved } = memoryUsage();
  return { used, reserved };
}
