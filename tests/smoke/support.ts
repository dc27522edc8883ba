/**
 * What the smoke tests share: data without functions that engines round differently, and the common promises of
 * solvers.
 */

import assert from "node:assert/strict";
import {
  BackendError,
  capabilities,
  type Matrix,
  matrix,
  memoryUsage,
  type Result,
  type SolveOptions,
} from "../../mod.ts";

const { threadsReason } = await capabilities();

/** Whole numbers from -limit to limit by a congruential generator, the same bits everywhere. */
export function integers(rows: number, columns: number, limit: number, seed: number): Matrix {
  let state = seed >>> 0;
  const data = Float64Array.from({ length: rows * columns }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % (2 * limit + 1) - limit;
  });
  return matrix(rows, columns, data);
}

/** FNV-1a over the bytes of the arrays: equal where every bit is. */
export function hashOf(...arrays: readonly (Float32Array | Float64Array | Uint32Array | Uint8Array)[]): string {
  let hash = 0x811c9dc5;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

/** The answer that every runtime with the same build of the kernels gives. */
export async function assertSameBits(hash: string, expected: { readonly simd: string; readonly relaxed: string }) {
  const { build } = await capabilities();
  assert.ok(build !== "none", "there are compiled kernels");
  assert.equal(hash, expected[build], `with the ${build} build`);
}

/**
 * What every solver promises, whatever it solves: the same answer on two threads, or an error that says why there are
 * none; an abort that rejects with its reason; and no memory left behind.
 */
export async function checkPromises<Answer extends Result>(
  solve: (options: SolveOptions) => Promise<Answer>,
  contentOf: (answer: Answer) => unknown,
): Promise<void> {
  const single = await solve({ backend: "wasm", threads: 1 });
  if (threadsReason) {
    await assert.rejects(solve({ backend: "threads", threads: 2 }), (error: Error) => {
      assert.ok(error instanceof BackendError && error.message.includes(threadsReason), `${error}`);
      return true;
    });
  } else {
    const pair = await solve({ backend: "threads", threads: 2 });
    assert.deepEqual(contentOf(pair), contentOf(single));
    assert.equal(pair.plan.threads, 2);
  }

  // What the kernels keep for each thread is there by now.
  const { used } = memoryUsage();
  const controller = new AbortController(), reason = new Error("enough");
  let steps = 0;
  const aborted = solve({
    backend: "wasm",
    signal: controller.signal,
    onProgress() {
      steps++;
      controller.abort(reason);
    },
  });
  await assert.rejects(aborted, (error) => error === reason);
  assert.ok(steps > 0, "it told of its progress");
  assert.equal(memoryUsage().used, used);
}
