import { describeAdapter, findAdapter } from "./webgpu/adapter.ts";
import { providedBuilds } from "./modules.ts";
import { probeCompilation, probeRelaxedSimd, probeSharedMemory, probeSimd, type RelaxedSimd } from "./probe.ts";
import { runtime, type RuntimeName } from "./runtime.ts";

/** What this runtime offers to the kernels. */
export interface Capabilities {
  /** The runtime, as it makes itself known. */
  readonly runtime: RuntimeName;
  /** Version string of the runtime, as far as it tells. */
  readonly runtimeVersion: string;
  /** 128-bit WASM SIMD. */
  readonly simd: boolean;
  /** Relaxed SIMD, and whether its multiply-add is fused. */
  readonly relaxedSimd: RelaxedSimd;
  /** A shared WASM memory can be made (the kernels need one, even on one thread). */
  readonly sharedMemory: boolean;
  /** Threads that can run kernels at once; 1 where workers cannot share memory. */
  readonly threads: number;
  /** Why `threads` is 1, where it is. */
  readonly threadsReason?: string;
  /** Name of the WebGPU adapter, or `false`. */
  readonly webgpu: string | false;
  /** Why `webgpu` is `false`, where it is. */
  readonly webgpuReason?: string;
  /** The adapter computes on the processor: slower than WASM, and chosen only on request. */
  readonly webgpuSoftware?: boolean;
  /** Bytes of the largest array on the adapter. */
  readonly webgpuLargestArrayBytes?: number;
  /** The adapter can store arrays in f16. */
  readonly webgpuF16?: boolean;
  /** The build of the kernels in use: relaxed SIMD only where it really fuses. */
  readonly build: "relaxed" | "simd" | "none";
  /** Why `build` is `none`, where it is. */
  readonly buildReason?: string;
}

interface Host {
  crossOriginIsolated?: boolean;
  Worker?: unknown;
  process?: { getBuiltinModule?: (name: "node:os") => { availableParallelism(): number } };
  navigator?: { hardwareConcurrency?: number };
}

const host = globalThis as unknown as Host;

/** Why workers cannot share memory here; nothing where they can. */
function threadsMissing(name: RuntimeName, sharedMemory: boolean): string | undefined {
  if (!sharedMemory) return "this runtime has no shared memory";
  if (!("waitAsync" in Atomics)) return "this runtime has no Atomics.waitAsync";
  if (name === "workerd") return "workerd has no worker threads";
  if (name !== "browser") return host.process?.getBuiltinModule ? undefined : "this runtime has no worker threads";
  if (!host.Worker) return "this context has no Worker";
  return host.crossOriginIsolated ? undefined : "the page is not cross-origin isolated";
}

/** Why the compiled kernels do not run here; nothing where they do. */
function buildMissing(runs: boolean, simd: boolean, sharedMemory: boolean): string | undefined {
  if (!("WebAssembly" in globalThis)) return "this runtime has no WebAssembly";
  if (!runs) return "compiling WebAssembly is forbidden here: a page's policy has to allow 'wasm-unsafe-eval'";
  if (!simd) return "this runtime has no WASM SIMD";
  return sharedMemory ? undefined : "this runtime has no shared WASM memory";
}

/** Node has no `navigator` before version 21. */
function processors(): number {
  return host.navigator?.hardwareConcurrency ?? host.process?.getBuiltinModule?.("node:os").availableParallelism() ?? 1;
}

let probed: Promise<Capabilities> | undefined;
let probedHost: Capabilities | undefined;

/** Workers that did not start one after the other: twice is no accident, and the pauses between tries grow. */
let failedStarts = 0;
/** Until when no worker is tried, by the clock of `performance`, and why. */
let withoutThreads: { readonly until: number; readonly threadsReason: string } | undefined;
const firstPauseMs = 500, longestPauseMs = 60_000;

/** Probes the runtime once; later calls answer from memory. */
export async function capabilities(): Promise<Capabilities> {
  return asOfNow(await (probed ??= probe()));
}

/** What can be told without looking for a WebGPU adapter, which takes longer than a small solve. */
export function hostCapabilities(): Capabilities {
  return asOfNow(probedHost ??= probeHost());
}

function asOfNow(found: Capabilities): Capabilities {
  if (withoutThreads === undefined || performance.now() >= withoutThreads.until || found.threadsReason) return found;
  return { ...found, threads: 1, threadsReason: withoutThreads.threadsReason };
}

/** Records that workers did not start: the next try may, and after a second failure there is none for a while. */
export function noteFailedStart(threadsReason: string): void {
  failedStarts++;
  if (failedStarts < 2) return;
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failedStarts - 2));
  withoutThreads = { until: performance.now() + pauseMs, threadsReason };
}

/** Records that workers have started. */
export function noteThreads(): void {
  failedStarts = 0;
  withoutThreads = undefined;
}

/** Forgets what was probed, because modules were provided or resources were disposed. */
export function forgetCapabilities(): void {
  probed = probedHost = undefined;
  noteThreads();
}

async function probe(): Promise<Capabilities> {
  const found = probedHost ??= probeHost();
  const adapter = await findAdapter();
  if (typeof adapter === "string") return { ...found, webgpuReason: adapter };
  const { name, software, largestArrayBytes, f16 } = describeAdapter(adapter);
  const { webgpuReason: _, ...rest } = found;
  return {
    ...rest,
    webgpu: name,
    webgpuSoftware: software,
    webgpuLargestArrayBytes: largestArrayBytes,
    webgpuF16: f16,
  };
}

function probeHost(): Capabilities {
  const where = runtime();
  // workerd never compiles, and says so where a module is missing: it is always given them.
  const runs = "WebAssembly" in globalThis &&
    (where.runtime === "workerd" || providedBuilds() !== undefined || probeCompilation());
  const simd = runs && probeSimd();
  const relaxedSimd = runs ? probeRelaxedSimd() : "absent";
  const sharedMemory = probeSharedMemory();
  const fused = relaxedSimd === "fused" && (providedBuilds()?.relaxed ?? true);
  const buildReason = buildMissing(runs, simd, sharedMemory);
  // Threads run the compiled kernels alone.
  const threadsReason = buildReason ?? threadsMissing(where.runtime, sharedMemory);
  return {
    ...where,
    simd,
    relaxedSimd,
    sharedMemory,
    threads: threadsReason ? 1 : processors(),
    threadsReason,
    webgpu: false,
    webgpuReason: "it was not looked for",
    build: buildReason ? "none" : fused ? "relaxed" : "simd",
    ...buildReason && { buildReason },
  };
}
