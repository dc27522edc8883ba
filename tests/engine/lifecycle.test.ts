import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { openWorkspace } from "../../kernels/engine/mod.ts";
import { capabilities, dispose, init, memoryUsage } from "../../solvers/core/mod.ts";
import type { BackendName } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";

const { threadsReason = false } = await capabilities();

const request = { families: [denseFamily], dtype: "f64", flops: 0 } as const;

async function dotOnce(backend: BackendName, length = 1000): Promise<number> {
  const workspace = await openWorkspace({ ...request, backend, threads: 2 });
  try {
    const array = workspace.allocate("f64", length, "x");
    workspace.write(array, new Float64Array(length).fill(2));
    const x = { array, length };
    return await workspace.kernels.dot({ x, y: x });
  } finally {
    workspace.release();
  }
}

describe("engine", () => {
  it("starts by itself, and init and dispose may be called at any time, any number of times", async () => {
    await dispose();
    await dispose();
    assert.deepEqual({ used: 0, reserved: 0 }, { ...pick(memoryUsage()) });
    assert.equal(await dotOnce("wasm"), 4000);
    await init();
    await init();
    assert.equal(await dotOnce("wasm"), 4000);
    await dispose();
    assert.equal(await dotOnce("wasm"), 4000);
  });

  it("answers capabilities from memory until it is disposed", async () => {
    const first = await capabilities();
    assert.equal(await capabilities(), first);
    await dispose();
    const second = await capabilities();
    assert.ok(second !== first);
    assert.deepEqual(second, first);
  });

  it("lets a solve under way keep its memory when the engine is disposed", async () => {
    const workspace = await openWorkspace({ ...request, backend: "wasm" });
    const array = workspace.allocate("f64", 3, "x");
    workspace.write(array, [1, 2, 3]);
    await dispose();
    assert.equal(await workspace.kernels.dot({ x: { array, length: 3 }, y: { array, length: 3 } }), 14);
    assert.equal(await dotOnce("wasm"), 4000, "and the next one starts afresh");
    assert.deepEqual([...await workspace.read(array)], [1, 2, 3]);
    workspace.release();
  });

  it("returns all memory when a workspace is released, twice too", async () => {
    await init();
    const { used } = memoryUsage();
    const workspace = await openWorkspace({ ...request, backend: "wasm" });
    const kept = workspace.allocate("f32", 10_000, "kept");
    const returned = workspace.allocate("u8", 10_000, "returned early");
    assert.ok(memoryUsage().used >= used + 50_000);
    workspace.free(returned);
    workspace.free(returned);
    assert.ok(memoryUsage().used >= used + 40_000 && memoryUsage().used < used + 50_000);
    assert.equal(kept.length, 10_000);
    workspace.release();
    workspace.release();
    assert.equal(memoryUsage().used, used);
  });

  for (const backend of ["wasm", "threads"] as const) {
    const skip = backend === "threads" && threadsReason;
    it(`does not grow with the number of solves on ${backend}`, { skip }, async () => {
      for (let i = 0; i < 25; i++) await dotOnce(backend, 5000 + i);
      const { used, reserved } = memoryUsage();
      for (let i = 0; i < 200; i++) await dotOnce(backend, 5000 + i % 25);
      assert.deepEqual(pick(memoryUsage()), { used, reserved });
    });
  }

  it("keeps to maximumMemoryBytes, and solves go on after a refusal", async () => {
    await init({ maximumMemoryBytes: 2 << 20 });
    try {
      assert.equal(memoryUsage().limit, 2 << 20);
      await assert.rejects(dotOnce("wasm", 1 << 20), {
        name: "MemoryLimitError",
        message: /Cannot allocate 8388608 bytes for "x": \d+ of at most 2097152 bytes are in use\./,
      });
      assert.equal(await dotOnce("wasm"), 4000);
    } finally {
      await init();
    }
  });

  it("refuses a maximumMemoryBytes that is out of range, and keeps its settings", async () => {
    const before = memoryUsage();
    for (const maximumMemoryBytes of [0, -1, NaN, 2 ** 33]) {
      await assert.rejects(init({ maximumMemoryBytes }), { name: "RangeError", message: /"maximumMemoryBytes"/ });
    }
    assert.deepEqual(memoryUsage(), before);
  });

  it("copies what it reads: later writes do not show", async () => {
    for (const backend of ["reference", "wasm"] as const) {
      const workspace = await openWorkspace({ ...request, backend });
      const array = workspace.allocate("f64", 4, "x");
      workspace.write(array, [1, 2, 3, 4]);
      const copy = await workspace.read(array, 1, 2);
      workspace.write(array, [9, 9, 9, 9]);
      assert.deepEqual(copy, new Float64Array([2, 3]));
      assert.ok(copy.buffer instanceof ArrayBuffer);
      workspace.release();
    }
  });
});

function pick({ used, reserved }: { used: number; reserved: number }) {
  return { used, reserved };
}
