import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Capabilities, capabilities, openWorkspace } from "../../kernels/engine/mod.ts";
import { families } from "../../kernels/families/mod.ts";

const host = globalThis as unknown as {
  navigator?: { userAgent?: string; hardwareConcurrency?: number };
  process?: { version?: string };
  crossOriginIsolated?: boolean;
};

/**
 * What each runtime is known to offer on a processor that fuses, as Node 20 to 26, Deno 2, Bun 1 and browsers of 2026
 * do.
 */
const known: { readonly [runtime: string]: Partial<Capabilities> } = {
  deno: { relaxedSimd: "fused", build: "relaxed" },
  "node 20": { relaxedSimd: "absent", build: "simd" },
  node: { relaxedSimd: "fused", build: "relaxed" },
  bun: { relaxedSimd: "unfused", build: "simd" },
  workerd: { relaxedSimd: "fused", build: "relaxed", threads: 1 },
  browser: { relaxedSimd: "fused", build: "relaxed" },
};

/** The runtime by its user agent; Node 20 has none. */
function runtimeByAgent(): string {
  const agent = host.navigator?.userAgent;
  if (agent === undefined) return "node 20";
  if (agent.startsWith("Deno/")) return "deno";
  if (agent.startsWith("Bun/")) return "bun";
  if (agent.startsWith("Node.js/")) return agent === "Node.js/20" ? "node 20" : "node";
  return agent === "Cloudflare-Workers" ? "workerd" : "browser";
}

/** The processors, counted in another way than the engine counts them where there is one. */
async function processors(): Promise<number | undefined> {
  if (host.process === undefined) return host.navigator?.hardwareConcurrency;
  return (await import("node:os")).cpus().length;
}

describe("capabilities", () => {
  it("are those that the runtime is known for", async () => {
    const name = runtimeByAgent();
    const found = await capabilities();
    assert.equal(found.runtime, name.split(" ")[0]);
    assert.equal(found.simd, true);
    assert.equal(found.sharedMemory, true);
    for (const [key, value] of Object.entries(known[name])) {
      assert.equal(found[key as keyof Capabilities], value, `${key} of ${name}`);
    }
  });

  it("give a reason exactly where there are no threads, and no webgpu", async () => {
    const { threads, threadsReason, webgpu, webgpuReason, runtime } = await capabilities();
    const missing = runtime === "workerd" || (runtime === "browser" && !host.crossOriginIsolated);
    assert.equal(threadsReason !== undefined, missing);
    assert.equal(threads, missing ? 1 : await processors());
    assert.equal(webgpuReason !== undefined, webgpu === false);
    // Workerd calls itself Node as well, but no package brings WebGPU there.
    if (runtime === "workerd") assert.equal(webgpuReason, "workerd has no WebGPU");
  });

  it("say fused only where the kernels in use fuse", async () => {
    const { build } = await capabilities();
    const workspace = await openWorkspace({ families, backend: "wasm", dtype: "f32", flops: 0 });
    try {
      // (1 + u)^2 - 1 = 2u + u^2 with u = 2^-12, in every element of a product: only a fused multiply-add keeps u^2.
      const u = 2 ** -12, size = 32;
      const a = workspace.allocate("f32", size * 2, "a"), b = workspace.allocate("f32", 2 * size, "b");
      const c = workspace.allocate("f32", size * size, "c");
      workspace.write(a, Array.from({ length: size * 2 }, (_, i) => i % 2 === 0 ? -1 : 1 + u));
      workspace.write(b, Array.from({ length: 2 * size }, (_, i) => i < size ? 1 : 1 + u));
      await workspace.kernels.gemm({
        a: { array: a, rows: size, columns: 2 },
        b: { array: b, rows: 2, columns: size },
        c: { array: c, rows: size, columns: size },
      });
      const expected = build === "relaxed" ? 2 * u + u * u : 2 * u;
      assert.deepEqual(await workspace.read(c), new Float32Array(size * size).fill(expected));
    } finally {
      workspace.release();
    }
  });
});
