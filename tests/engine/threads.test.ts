import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { layout as at, takePieces, watch } from "../../kernels/engine/threads/task.ts";
import { families } from "../../kernels/families/mod.ts";
import { BackendError, capabilities, dispose, memoryUsage } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";

const { threadsReason } = await capabilities();
const size = 150;

function square(workspace: Workspace, label: string, values?: Float64Array) {
  const array = workspace.allocate("f64", size * size, label);
  if (values) workspace.write(array, values);
  return { array, rows: size, columns: size };
}

async function product(threads: number, left: Float64Array, right: Float64Array): Promise<Float64Array> {
  const workspace = await openWorkspace({ families, backend: "threads", threads, dtype: "f64", flops: 0 });
  try {
    const a = square(workspace, "a", left), b = square(workspace, "b", right), c = square(workspace, "c");
    await workspace.kernels.gemm({ a, b, c });
    return await workspace.read(c.array);
  } finally {
    workspace.release();
  }
}

describe("worker threads", { skip: threadsReason ?? false }, () => {
  const random = createRandom(7);
  const left = Float64Array.from({ length: size * size }, random.normal);
  const right = Float64Array.from({ length: size * size }, random.normal);

  it("give the same bits for 1, 2, 3 and 8 threads", async () => {
    const expected = await product(1, left, right);
    for (const threads of [2, 3, 8]) assert.deepEqual(await product(threads, left, right), expected);
  });

  it("serve solves that overlap", async () => {
    const expected = await product(1, left, right);
    const answers = await Promise.all([2, 3, 2, 4].map((threads) => product(threads, left, right)));
    for (const answer of answers) assert.deepEqual(answer, expected);
  });

  it("watch a word until it changes, and no longer than they are told", () => {
    const words = new Int32Array(new SharedArrayBuffer(8)), begun = performance.now();
    words[1] = 3;
    assert.equal(watch(words, 1, 2, 1e9), true);
    assert.equal(watch(words, 1, 3, 20), false);
    assert.ok(performance.now() - begun >= 19);
    assert.equal(watch(words, 1, 3, -1), false);
  });

  it("take their own share of a launch first, then what is left, and each piece once", () => {
    const extent = 20, pieces = 7, threads = 3;
    const shares = [[0, 3, 6], [6, 9, 12], [12, 15, 18, 20]].map((cuts) =>
      cuts.slice(1).map((end, k) => [cuts[k], end] as const)
    );
    for (let thread = 0; thread < threads; thread++) {
      for (const gone of [0, 1]) {
        const words = new Int32Array(new SharedArrayBuffer(at.bytes)), seen: (readonly number[])[] = [];
        Object.entries({ threads, pieces, extent, grain: 1 }).forEach(([name, value]) => {
          words[at[name as "threads"]] = value;
        });
        // The owner of the last share has taken so many pieces.
        words[at.taken + threads - 1] = gone;
        const entry = (begin: number, end: number) => seen.push([begin, end]) && end - begin;
        takePieces(words, new Float64Array(0), [entry], thread, at);
        const left = shares.map((share, owner) => share.slice(owner === threads - 1 ? gone : 0));
        assert.deepEqual(seen, [0, 1, 2].flatMap((turn) => left[(thread + turn) % threads]));
        assert.equal(words[at.value], extent - gone * 3);
      }
    }
  });

  it("turn a trap into an error of the call, and go on", async () => {
    const workspace = await openWorkspace({ families, backend: "threads", threads: 2, dtype: "f64", flops: 0 });
    const a = square(workspace, "a"), c = square(workspace, "c");
    const outside = { ...a, offset: 2 ** 28 };
    await assert.rejects(async () => await workspace.kernels.gemm({ a: outside, b: a, c }), BackendError);
    workspace.release();
    assert.equal((await product(2, left, right)).length, size * size);
  });

  it("hold bounded memory over many solves", async () => {
    await product(3, left, right);
    const { used } = memoryUsage();
    for (let i = 0; i < 100; i++) await product(3, left, right);
    assert.equal(memoryUsage().used, used);
  });

  it("start again after dispose", async () => {
    const expected = await product(2, left, right);
    await dispose();
    await dispose();
    assert.equal(memoryUsage().reserved, 0);
    assert.deepEqual(await product(2, left, right), expected);
    await dispose();
  });
});
