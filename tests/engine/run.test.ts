import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createRandom, matrix, quantizeLayer, sparsePrecision } from "../../mod.ts";
import { type Run, startRun } from "../../solvers/core/run.ts";
import { makeLayer } from "../support/layers.ts";

/** Works in stretches of about a millisecond, with a checkpoint after each, as solvers do; the checkpoints passed. */
async function work(run: Run, forMs: number): Promise<number> {
  let iteration = 0;
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const stretch = performance.now() + 1;
    while (performance.now() < stretch);
    iteration++;
    if (await run.checkpoint({ stage: "work", fraction: 0, iteration })) break;
  }
  return iteration;
}

describe("startRun", () => {
  it("lets timers fire while a solve works", async () => {
    let fired = 0;
    const timer = setInterval(() => fired++, 10);
    await work(startRun({}), 300);
    clearInterval(timer);
    assert.ok(fired >= 3, `fired ${fired} times`);
  });

  it("ends with the reason of the signal, soon after a timer aborts it", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const started = performance.now();
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(work(startRun({ signal: controller.signal }), 5000), (error) => error === reason);
    assert.ok(performance.now() - started < 2500);
  });

  it("throws at once when the signal has been aborted before", () => {
    const reason = new Error("too late");
    assert.throws(() => startRun({ signal: AbortSignal.abort(reason) }), (error: unknown) => error === reason);
  });

  it("tells when the time limit has passed, and not before", async () => {
    const run = startRun({ timeLimitMs: 100 });
    assert.equal(await run.checkpoint({ stage: "work", fraction: 0, iteration: 0 }), false);
    await work(run, 5000);
    const elapsed = run.elapsedMs();
    assert.ok(elapsed >= 100 && elapsed < 2500, `${elapsed} ms`);
  });

  it("passes the state on with the time, and an error thrown by onProgress ends the solve", async () => {
    const seen: unknown[] = [];
    const run = startRun({ onProgress: ({ elapsedMs, ...state }) => void seen.push([state, elapsedMs >= 0]) });
    const state = { stage: "sweep", fraction: 0.5, iteration: 3, objective: 2 };
    await run.checkpoint(state);
    assert.deepEqual(seen, [[state, true]]);
    const stop = new Error("seen enough");
    const stopping = startRun({
      onProgress() {
        throw stop;
      },
    });
    await assert.rejects(stopping.checkpoint(state), (error) => error === stop);
  });

  it("counts work where the clock stands still: limits come, and timers fire", async () => {
    const thaw = freezeClocks();
    try {
      let fired = 0;
      const timer = setInterval(() => fired++, 1);
      const run = startRun({ timeLimitMs: 200 });
      let checkpoints = 0;
      while (!await run.checkpoint({ stage: "work", fraction: 0, iteration: checkpoints })) {
        assert.ok(checkpoints++ < 1e6, "the limit never came");
      }
      clearInterval(timer);
      assert.ok(fired >= 2, `fired ${fired} times`);
      assert.ok(checkpoints > 100);
      const samples = standardNormal(60, 24, 3), options = { lambda0: 1e-3, lambda2: 1e-3, gapTolerance: 0 } as const;
      const exact = await sparsePrecision(samples, { ...options, method: "exact", timeLimitMs: 50 });
      assert.equal(exact.status, "time-limit");
      const { weights, gram } = makeLayer({ rows: 64, columns: 128, seed: 1, dtype: "f32" });
      const layer = await quantizeLayer(weights, gram, { iterations: 1e5, method: "quantease", timeLimitMs: 5 });
      assert.equal(layer.status, "time-limit");
    } finally {
      thaw();
    }
  });
});

/** Stops the clocks of this runtime, until the function returned is called. */
function freezeClocks(): () => void {
  const { now } = performance, dateNow = Date.now;
  performance.now = () => 1000;
  Date.now = () => 1_800_000_000_000;
  return () => {
    performance.now = now;
    Date.now = dateNow;
  };
}

function standardNormal(rows: number, columns: number, seed: number) {
  const random = createRandom(seed);
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, random.normal));
}
