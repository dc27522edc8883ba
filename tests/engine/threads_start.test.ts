import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BackendError, capabilities, dispose, init, quantizeLayer } from "../../mod.ts";
import { askWhileStartsFail } from "../support/failed_starts.ts";
import { makeLayer } from "../support/layers.ts";
import { failStarts, forbidWorkers } from "../support/workers.ts";

const { threadsReason } = await capabilities();
const { weights, gram } = makeLayer({ rows: 24, columns: 32, seed: 5, dtype: "f32" });
const options = { method: "quantease", bits: 3, iterations: 4 } as const;

describe("a worker that does not start", { skip: threadsReason ?? false }, () => {
  it("leaves one thread where none is forced, and the plan says why; threads come back by themselves", async () => {
    await init({ crossovers: { threads: 0 } });
    const allow = forbidWorkers();
    try {
      const { plan } = await quantizeLayer(weights, gram, options);
      assert.equal(`${plan.backend} x ${plan.threads}`, "wasm x 1");
      assert.match(plan.reason, /Cannot start worker threads: workers are forbidden$/);
      assert.match((await capabilities()).threadsReason ?? "", /workers are forbidden/);
      await assert.rejects(quantizeLayer(weights, gram, { ...options, backend: "threads" }), (error: Error) => {
        assert.ok(error instanceof BackendError, `${error}`);
        assert.match(error.message, /Cannot use backend "threads": .*workers are forbidden\.$/);
        return true;
      });
    } finally {
      allow();
    }
    const { threads } = await capabilities();
    assert.equal(threads, 1);
    let answer = await quantizeLayer(weights, gram, { ...options, threads: 2 });
    for (let turn = 0; turn < 100 && answer.plan.threads === 1; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      answer = await quantizeLayer(weights, gram, { ...options, threads: 2 });
    }
    assert.equal(answer.plan.threads, 2);
    await init();
  });

  it("is tried again at once, on a memory of its own", async () => {
    await dispose();
    const expected = await quantizeLayer(weights, gram, { ...options, backend: "wasm" });
    const injection = failStarts((started) => started === 2);
    try {
      const answer = await quantizeLayer(weights, gram, { ...options, backend: "threads", threads: 3 });
      assert.equal(answer.plan.threads, 3);
      assert.deepEqual(answer.codes, expected.codes);
      assert.equal(injection.failed(), 1);
    } finally {
      injection.stop();
    }
    await dispose();
  });

  it("while others solve spoils no answer: none of many is wrong", async () => {
    const outcomes = await askWhileStartsFail(12);
    assert.equal(outcomes.wrong, 0, JSON.stringify(outcomes));
    assert.ok(outcomes.right >= 10, JSON.stringify(outcomes));
    assert.ok(outcomes.failedStarts >= 3, JSON.stringify(outcomes));
    assert.equal(outcomes.left, 0, "no worker stays behind");
  });
});
