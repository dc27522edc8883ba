/** A WebGPU device for a test, where there is one. @module */

import assert from "node:assert/strict";
import type { KernelName } from "../../kernels/contract.ts";
import { capabilities, openWorkspace } from "../../kernels/engine/mod.ts";
import type { WebgpuWorkspace } from "../../kernels/engine/webgpu/workspace.ts";
import { families } from "../../kernels/families/mod.ts";
import { allRequired } from "./required.ts";

/** Opens a device that has these kernels and calls `run`; skips the test where there is none. */
export async function withDevice(
  context: { skip(reason?: string): void },
  needs: readonly KernelName[],
  run: (device: WebgpuWorkspace) => Promise<void>,
): Promise<void> {
  const { webgpu, webgpuReason } = await capabilities();
  if (webgpu === false) {
    assert.ok(!allRequired(), `WebGPU is missing: ${webgpuReason}`);
    return context.skip(webgpuReason);
  }
  const device = await openWorkspace({ families, backend: "webgpu", dtype: "f32", flops: 0, needs });
  try {
    await run(device as WebgpuWorkspace);
  } finally {
    device.release();
  }
}
