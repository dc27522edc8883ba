/** A family of kernels as the engine loads it: nothing of it is there before a workspace needs it. */

import type { KernelName, Kernels } from "../contract.ts";
import type { Lowering } from "../wasm/launch.ts";
import type { Lowering as DeviceLowering } from "../webgpu/shader.ts";

/** The two builds of every WASM module. */
export type Build = "simd" | "relaxed";

/** Kernels by name. */
export type KernelTable = Partial<Kernels>;

/** How kernels become launches. */
export type Lowerings = { readonly [K in KernelName]?: Lowering<K> };

/** How kernels become dispatches. */
export type DeviceLowerings = { readonly [K in KernelName]?: DeviceLowering<K> };

/**
 * Kernels that are loaded together. A value of this type is a plain object of functions that import: bundlers leave out
 * the families that no solver names.
 */
export interface KernelFamily {
  /** As its folders are called. */
  readonly name: string;
  /** Plain TypeScript: every kernel of the family. */
  readonly reference: () => Promise<KernelTable>;
  /** The kernels that have a WASM implementation. */
  readonly lowerings: () => Promise<Lowerings>;
  /** The kernels that have none, where there are some: only then is the reference loaded beside the module. */
  readonly onlyReference?: readonly KernelName[];
  /** The kernels that return how often they went over their operands: that many times is their work. */
  readonly sweeping?: readonly KernelName[];
  /** That implementation: the bytes of its module, compressed. */
  readonly modules: { readonly [B in Build]: () => Promise<{ readonly compressed: string }> };
  /** The kernels that have a WebGPU implementation: their names are known without loading them. */
  readonly webgpu?: { readonly kernels: readonly KernelName[]; readonly lowerings: () => Promise<DeviceLowerings> };
}

/**
 * One table of the kernels of `families`. Asking it for a kernel of another family is an error that names both: the
 * type of the table knows every kernel.
 */
export function kernelTable(families: readonly KernelFamily[], parts: readonly KernelTable[]): Kernels {
  const names = families.map(({ name }) => name).join(", ");
  const undeclared = new Proxy({}, {
    get(_, name) {
      // What languages and inspectors ask every object for.
      if (typeof name === "symbol" || name in Object.prototype || name === "then" || name === "toJSON") {
        return undefined;
      }
      throw new Error(`Cannot run the kernel ${name}: the workspace was opened for the families ${names} alone.`);
    },
  });
  return Object.assign(Object.create(undeclared), ...parts);
}
