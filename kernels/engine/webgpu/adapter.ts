/** Finding a WebGPU adapter, and what there is to know of it before work is planned. */

import { runtime } from "../runtime.ts";

/** What planning has to know of an adapter. */
export interface AdapterFacts {
  /** As the driver calls it. */
  readonly name: string;
  /** It computes on the processor: correct, but slower than WASM. */
  readonly software: boolean;
  /** Bytes of the largest array that a kernel can be given. */
  readonly largestArrayBytes: number;
  /** It can store arrays in f16. */
  readonly f16: boolean;
}

interface Host {
  readonly navigator?: { readonly gpu?: GPU };
}

/** Names of the drivers that run on the processor. */
const softwareDrivers = /llvmpipe|lavapipe|swiftshader|basic render|warp\b/i;

/** Named on the global object, so that all copies of this module in a process share it. */
const reachable = ((globalThis as { [key: symbol]: unknown })[Symbol.for("minima.webgpu")] ??= []) as unknown[];

let nodeGpu: Promise<GPU> | undefined;

/** The adapter of the fastest device, or the reason why there is none. */
export async function findAdapter(): Promise<GPUAdapter | string> {
  let gpu = (globalThis as unknown as Host).navigator?.gpu;
  if (gpu === undefined) {
    const { runtime: name } = runtime();
    if (name !== "node" && name !== "bun") return `${name === "browser" ? "this page" : name} has no WebGPU`;
    try {
      gpu = await (nodeGpu ??= loadNodeGpu("webgpu"));
    } catch {
      nodeGpu = undefined;
      return 'the package "webgpu", which brings WebGPU to Node and Bun, is not installed';
    }
  }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    return adapter ? keepReachable(adapter) : "there is no WebGPU adapter";
  } catch (error) {
    return `the WebGPU adapter failed: ${(error as Error).message}`;
  }
}

/**
 * An adapter or a device stays reachable until the process ends: Deno 2.9 frees them in the wrong order otherwise, and
 * one in forty processes ends with "double free or corruption". Destroyed ones hold no memory of the device.
 */
export function keepReachable<T>(found: T): T {
  reachable.push(found);
  return found;
}

/**
 * The optional peer package; named by a variable, and marked, so that bundlers leave the import as it is and say
 * nothing.
 */
async function loadNodeGpu(name: string): Promise<GPU> {
  const { create } = await import(/* webpackIgnore: true */ /* @vite-ignore */ name) as {
    create(options: string[]): GPU;
  };
  return create([]);
}

/** What the adapter says of itself. */
export function describeAdapter({ features, info, limits }: GPUAdapter): AdapterFacts {
  const words = [info.vendor, info.architecture, info.device, info.description].filter((word) => word);
  return {
    name: info.description || words.join(" ") || "an adapter without a name",
    software: info.isFallbackAdapter === true || softwareDrivers.test(words.join(" ")),
    largestArrayBytes: Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize),
    f16: features.has("shader-f16"),
  };
}
