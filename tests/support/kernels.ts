/** All kernels at once, which the library never loads together. */

import type { Kernels } from "../../kernels/contract.ts";
import { hostCapabilities } from "../../kernels/engine/capabilities.ts";
import type { DeviceLowerings, KernelFamily, Lowerings } from "../../kernels/engine/family.ts";
import { loadModule } from "../../kernels/engine/modules.ts";
import type { Entry } from "../../kernels/engine/threads/task.ts";
import { families } from "../../kernels/families/mod.ts";

/** The reference implementation of every kernel. */
export const referenceKernels: Kernels = await joined(({ reference }) => reference());

/** How kernels become launches, where they have a WASM implementation. */
export const lowerings: Lowerings = await joined((family) => family.lowerings());

/** How kernels become dispatches, where they have a WebGPU implementation. */
export const deviceLowerings: DeviceLowerings = await joined(async ({ webgpu }) => await webgpu?.lowerings() ?? {});

/** The kernels that plans think of as running on WebGPU. */
export const webgpuKernels = families.flatMap(({ webgpu }) => webgpu?.kernels ?? []);

async function joined<T>(tableOf: (family: KernelFamily) => Promise<object>): Promise<T> {
  return Object.assign({}, ...await Promise.all(families.map(tableOf)));
}

let modules: Promise<WebAssembly.Module[]> | undefined;

/** The exports of every family, in the build in use, over a memory of the caller. */
export async function instantiateKernels(memory: WebAssembly.Memory): Promise<Record<string, Entry>> {
  const build = hostCapabilities().build === "relaxed" ? "relaxed" : "simd";
  modules ??= Promise.all(families.map((family) => loadModule(family, build)));
  const instances = (await modules).map((module) => new WebAssembly.Instance(module, { env: { memory } }));
  return Object.assign({}, ...instances.map(({ exports }) => exports));
}
