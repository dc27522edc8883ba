import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KernelFamily } from "../../kernels/engine/family.ts";
import { BackendError, capabilities, dispose, openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { loadModule } from "../../kernels/engine/modules.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { proximalFamily } from "../../kernels/families/proximal.ts";

const { threads, threadsReason } = await capabilities();

function vector(workspace: Workspace, length: number) {
  const array = workspace.allocate("f64", length, "values");
  workspace.write(array, Float64Array.from({ length }, (_, i) => Math.sin(i * i)));
  return { array, length };
}

describe("kernel families", () => {
  it("that a workspace was not opened for are refused by name", async () => {
    for (const backend of ["reference", "auto"] as const) {
      const workspace = await openWorkspace({ families: [denseFamily], backend, dtype: "f64", flops: 0 });
      try {
        const values = vector(workspace, 4);
        assert.throws(
          () => workspace.kernels.hardThreshold({ values, keep: 2 }),
          /^Error: Cannot run the kernel hardThreshold: the workspace was opened for the families dense alone\.$/,
        );
        assert.equal(Object.keys(workspace.kernels).includes("hardThreshold"), false);
      } finally {
        workspace.release();
      }
    }
  });

  it("that can neither be compiled nor were given are an error that names them", async () => {
    const bytes = () => Promise.reject(new Error("No bytes."));
    const toy: KernelFamily = { ...denseFamily, name: "toy", modules: { simd: bytes, relaxed: bytes } };
    await assert.rejects(loadModule(toy, "simd"), (error: Error) => {
      assert.ok(error instanceof BackendError);
      assert.match(error.message, /^Cannot load the kernels of the family toy: No bytes\. .*init\(\{ modules \}\)/);
      return true;
    });
  });

  it("reach workers that run already, in the middle of another solve", { skip: threadsReason ?? false }, async () => {
    await dispose();
    const request = { backend: "threads", threads: Math.max(3, threads), dtype: "f64", flops: 0 } as const;
    const first = await openWorkspace({ ...request, families: [denseFamily] });
    const size = 400, length = size * size;
    const square = () => ({ ...vector(first, length), rows: size, columns: size });
    const a = square(), c = square(), again = square();
    await first.kernels.gemm({ a, b: a, c });
    // The launch and the loading of another family are asked for at once, and both orders end alike.
    const launched = Promise.resolve(first.kernels.gemm({ a, b: a, c: again }));
    const second = await openWorkspace({ ...request, families: [proximalFamily] });
    await launched;
    const x = { array: second.allocate("f64", 8 * length, "points"), rows: 8 * size, columns: size };
    second.write(x.array, Float64Array.from({ length: 8 * length }, (_, i) => Math.cos(i)));
    const alone = await openWorkspace({ ...request, backend: "wasm", families: [proximalFamily] });
    const y = { ...x, array: alone.allocate("f64", 8 * length, "points") };
    alone.write(y.array, await second.read(x.array));
    await second.kernels.projectSimplex({ x, radius: 1 });
    await alone.kernels.projectSimplex({ x: y, radius: 1 });
    assert.deepEqual(await second.read(x.array), await alone.read(y.array));
    assert.deepEqual(await first.read(again.array), await first.read(c.array));
    for (const workspace of [first, second, alone]) workspace.release();
    await dispose();
  });
});
