import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { Capabilities } from "../../kernels/engine/capabilities.ts";
import { BackendError } from "../../kernels/engine/errors.ts";
import { families } from "../../kernels/families/mod.ts";
import { considersWebgpu, type Crossovers, planWork, type WorkRequest } from "../../kernels/engine/plan.ts";

const desktop: Capabilities = {
  runtime: "deno",
  runtimeVersion: "2",
  simd: true,
  relaxedSimd: "fused",
  sharedMemory: true,
  threads: 8,
  webgpu: false,
  webgpuReason: "no adapter",
  build: "relaxed",
};
const worker: Capabilities = { ...desktop, runtime: "workerd", threads: 1, threadsReason: "workerd has no threads" };
const old: Capabilities = { ...desktop, simd: false, relaxedSimd: "absent", build: "none" };
const forbidden: Capabilities = { ...old, buildReason: "compiling WebAssembly is forbidden here" };
const closed: Capabilities = { ...desktop, sharedMemory: false, build: "none" };
const single: Capabilities = { ...desktop, threads: 1 };

const graphics: Capabilities = {
  ...desktop,
  webgpu: "a card",
  webgpuReason: undefined,
  webgpuSoftware: false,
  webgpuLargestArrayBytes: 1 << 27,
};
const emulated: Capabilities = { ...graphics, webgpu: "llvmpipe", webgpuSoftware: true };

const small = 1e6, large = 9e11, huge = 1e12;
const needs = ["gemm", "quantizationSweep"] as const;

interface Case {
  readonly on: Capabilities;
  readonly ask: Partial<WorkRequest>;
  readonly get: string | RegExp;
}

/** `backend x threads`, or the message of the refusal. */
const cases: readonly Case[] = [
  { on: desktop, ask: {}, get: "wasm x 1" },
  { on: desktop, ask: { flops: large }, get: "threads x 8" },
  { on: desktop, ask: { flops: large, threads: 3 }, get: "threads x 3" },
  { on: desktop, ask: { flops: large, threads: 1 }, get: "wasm x 1" },
  { on: desktop, ask: { flops: large, backend: "wasm" }, get: "wasm x 1" },
  { on: desktop, ask: { flops: large, backend: "reference" }, get: "reference x 1" },
  { on: desktop, ask: { backend: "threads" }, get: "threads x 8" },
  { on: desktop, ask: { backend: "threads", threads: 3 }, get: "threads x 3" },
  { on: desktop, ask: { backend: "threads", threads: 1 }, get: "wasm x 1" },
  { on: desktop, ask: { backend: "threads", threads: 100 }, get: "threads x 100" },
  { on: desktop, ask: { backend: "threads", threads: 1000 }, get: "threads x 112" },
  { on: { ...desktop, threads: 256 }, ask: { flops: large }, get: "threads x 112" },
  { on: single, ask: { backend: "threads" }, get: "wasm x 1" },
  { on: single, ask: { backend: "threads", threads: 2 }, get: "threads x 2" },
  { on: desktop, ask: { backend: "webgpu" }, get: /Cannot use backend "webgpu": no adapter\./ },
  { on: graphics, ask: { flops: huge, needs }, get: "webgpu x 1" },
  { on: graphics, ask: { flops: large, needs }, get: "threads x 8" },
  { on: graphics, ask: { flops: huge }, get: "threads x 8" },
  { on: graphics, ask: { flops: huge, needs, dtype: "f64" }, get: "threads x 8" },
  { on: graphics, ask: { flops: huge, needs, backend: "wasm" }, get: "wasm x 1" },
  { on: graphics, ask: { flops: huge, needs: ["cholesky"] }, get: "threads x 8" },
  { on: graphics, ask: { flops: huge, needs, largestArrayBytes: 1 << 28 }, get: "threads x 8" },
  { on: graphics, ask: { backend: "webgpu", needs }, get: "webgpu x 1" },
  { on: graphics, ask: { backend: "webgpu", needs: ["gemm", "cholesky"] }, get: /: it has no kernel cholesky\./ },
  { on: graphics, ask: { backend: "webgpu", needs, dtype: "f64" }, get: /: it has no f64\./ },
  { on: graphics, ask: { backend: "webgpu" }, get: /: this solver does not run on devices\./ },
  {
    on: graphics,
    ask: { backend: "webgpu", needs, largestArrayBytes: 1 << 28 },
    get: /: an array of 268435456 bytes is beyond the 134217728 of a card\./,
  },
  { on: emulated, ask: { flops: huge, needs }, get: "threads x 8" },
  { on: emulated, ask: { backend: "webgpu", needs }, get: "webgpu x 1" },
  { on: single, ask: { flops: large }, get: "wasm x 1" },
  { on: worker, ask: { flops: large }, get: "wasm x 1" },
  { on: worker, ask: { threads: 4 }, get: "wasm x 1" },
  {
    on: worker,
    ask: { backend: "threads", threads: 4 },
    get: /Cannot use backend "threads": workerd has no threads\./,
  },
  { on: worker, ask: { backend: "threads", threads: 1 }, get: "wasm x 1" },
  { on: old, ask: { flops: large }, get: "reference x 1" },
  { on: old, ask: { backend: "wasm" }, get: /Cannot use backend "wasm": this runtime has no WASM SIMD\./ },
  { on: old, ask: { backend: "threads" }, get: /Cannot use backend "threads": this runtime has no WASM SIMD\./ },
  { on: forbidden, ask: {}, get: "reference x 1" },
  {
    on: forbidden,
    ask: { backend: "wasm" },
    get: /Cannot use backend "wasm": compiling WebAssembly is forbidden here\./,
  },
  { on: closed, ask: {}, get: "reference x 1" },
  { on: closed, ask: { backend: "wasm" }, get: /Cannot use backend "wasm": this runtime has no shared WASM memory\./ },
];

describe("planWork", () => {
  for (const { on, ask, get } of cases) {
    const machine = `${on.runtime} with ${on.threads} threads and build ${on.build}`;
    it(`gives ${get} for ${JSON.stringify(ask)} on ${machine}`, () => {
      const request: WorkRequest = { families, dtype: "f32", flops: small, ...ask };
      if (get instanceof RegExp) {
        assert.throws(() => planWork(request, on), (error: Error) => {
          assert.ok(error instanceof BackendError);
          assert.match(error.message, get);
          return true;
        });
        return;
      }
      const { backend, threads, dtype, reason } = planWork(request, on);
      assert.equal(`${backend} x ${threads}`, get);
      assert.equal(dtype, ask.dtype ?? "f32");
      assert.ok(reason.length > 0);
    });
  }

  it("says why a device is not used where the work is large enough for one", () => {
    const reasonOf = (on: Capabilities, ask: Partial<WorkRequest> = {}) =>
      planWork({ families, dtype: "f32", flops: huge, needs, ...ask }, on).reason;
    assert.match(reasonOf(desktop), /; no WebGPU: no adapter$/);
    assert.match(reasonOf(emulated), /; no WebGPU: llvmpipe computes on the processor$/);
    assert.match(reasonOf(graphics, { needs: ["cholesky"] }), /; no WebGPU: it has no kernel cholesky$/);
    assert.match(reasonOf(graphics), /^WebGPU on a card/);
  });

  it("takes crossovers as data", () => {
    const crossovers = { threads: 10, webgpu: 100 };
    const backendFor = (flops: number) =>
      planWork({ families, dtype: "f32", flops, needs }, graphics, crossovers).backend;
    assert.deepEqual([9, 10, 100].map(backendFor), ["wasm", "threads", "webgpu"]);
  });

  it("says why the work runs where it does", () => {
    const reasonOf = (on: Capabilities, ask: Partial<WorkRequest>, crossovers?: Crossovers) =>
      planWork({ families, dtype: "f64", flops: large, ...ask }, on, crossovers).reason;
    assert.equal(reasonOf(worker, {}), "relaxed build on one thread: workerd has no threads");
    assert.equal(reasonOf(single, {}), "relaxed build on one thread: one processor");
    assert.equal(reasonOf(desktop, { threads: 1 }), "relaxed build on one thread: as requested");
    assert.equal(reasonOf(desktop, { flops: small }), "relaxed build on one thread: too little work for threads");
    assert.equal(
      reasonOf(desktop, {}, { threads: Infinity, webgpu: Infinity }),
      "relaxed build on one thread: too little work for threads",
    );
    assert.equal(reasonOf(desktop, {}), "relaxed build on 8 threads");
    assert.equal(reasonOf(desktop, { threads: 500 }), "relaxed build on 112 threads, the most there can be");
    assert.equal(reasonOf(desktop, { backend: "wasm" }), "wasm requested, relaxed build");
    assert.equal(reasonOf(desktop, { backend: "reference" }), "reference requested");
    assert.equal(reasonOf(old, {}), "this runtime has no WASM SIMD");
    assert.equal(reasonOf(forbidden, {}), "compiling WebAssembly is forbidden here");
    assert.equal(reasonOf(closed, {}), "this runtime has no shared WASM memory");
    assert.equal(reasonOf(graphics, { backend: "webgpu", dtype: "f32", needs }), "WebGPU on a card: requested");
    assert.equal(
      reasonOf(graphics, { flops: huge, dtype: "f32", needs }),
      "WebGPU on a card: worth it from 1000000000000 operations",
    );
    // Where the work would not have gone to a device anyway, nothing is said of it.
    assert.equal(reasonOf(desktop, { flops: huge }), "relaxed build on 8 threads");
  });
});

describe("considersWebgpu", () => {
  it("looks for an adapter only where the work may go there", () => {
    const asks: [Partial<WorkRequest>, boolean][] = [
      [{ flops: huge, needs }, true],
      [{ flops: huge - 1, needs }, false],
      [{ flops: huge }, false],
      [{ flops: huge, needs, dtype: "f64" }, false],
      [{ flops: huge, needs, backend: "wasm" }, false],
      [{ flops: huge, needs, backend: "threads" }, false],
      [{ flops: 0, backend: "webgpu" }, true],
    ];
    for (const [ask, looks] of asks) {
      assert.equal(considersWebgpu({ families, dtype: "f32", flops: small, ...ask }), looks, JSON.stringify(ask));
    }
    assert.equal(considersWebgpu({ families, dtype: "f32", flops: 5, needs }, { threads: 0, webgpu: 5 }), true);
  });
});
