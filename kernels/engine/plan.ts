import type { FloatDtype, KernelName } from "../contract.ts";
import type { Capabilities } from "./capabilities.ts";
import { BackendError } from "./errors.ts";
import type { KernelFamily } from "./family.ts";
import { mostThreads } from "./threads/task.ts";

/** Where kernels can run. */
export type BackendName = "reference" | "wasm" | "threads" | "webgpu";

/** What a solve asks for and how large it is. */
export interface WorkRequest {
  /** Families of the kernels that the solve calls: no others are loaded. */
  readonly families: readonly KernelFamily[];
  /** @default "auto" */
  readonly backend?: "auto" | BackendName;
  /** Most threads to use. @default all */
  readonly threads?: number;
  readonly dtype: FloatDtype;
  /** Estimated floating-point operations of the whole solve. */
  readonly flops: number;
  /** Kernels that the solve calls outside its host workspace; without it, the solve stays off devices. */
  readonly needs?: readonly KernelName[];
  /** Bytes of the largest array outside the host workspace. @default 0 */
  readonly largestArrayBytes?: number;
}

/** Where a solve runs, and why. */
export interface Plan {
  /** The backend whose kernels do the work. */
  readonly backend: BackendName;
  /** Threads that share the work, the caller's included. */
  readonly threads: number;
  /** Precision of the work. */
  readonly dtype: "f32" | "f64";
  /** The reason, in words. */
  readonly reason: string;
}

/** From how many floating-point operations of a whole solve another backend pays. */
export interface Crossovers {
  /** Below, starting and waking workers costs more than they save. */
  readonly threads: number;
  /** Below, starting a device and moving data costs more than it saves. */
  readonly webgpu: number;
}

/** Cautious where nothing was measured: on a device, some half a minute of one thread. */
export const defaultCrossovers: Crossovers = { threads: 2e9, webgpu: 1e12 };

/**
 * Chooses the backend: a pure function of the request and of what the runtime offers.
 *
 * @throws {BackendError} when the backend that was requested is missing
 */
export function planWork(
  request: WorkRequest,
  capabilities: Capabilities,
  crossovers: Crossovers = defaultCrossovers,
): Plan {
  const { backend = "auto", dtype, flops } = request;
  if (!considersWebgpu(request, crossovers)) return planOnHost(request, capabilities, crossovers);
  const refusal = refusalOfWebgpu(request, capabilities);
  if (!refusal) {
    const reason = `${backend === "webgpu" ? "requested" : `worth it from ${crossovers.webgpu} operations`}`;
    return { backend: "webgpu", threads: 1, dtype, reason: `WebGPU on ${capabilities.webgpu}: ${reason}` };
  }
  if (backend === "webgpu") throw new BackendError(`Cannot use backend "webgpu": ${refusal}.`);
  const plan = planOnHost(request, capabilities, crossovers);
  return flops < crossovers.webgpu ? plan : { ...plan, reason: `${plan.reason}; no WebGPU: ${refusal}` };
}

/** Whether the adapter has to be looked for before the work is planned: that takes longer than a small solve. */
export function considersWebgpu(
  { backend = "auto", dtype, flops, needs }: WorkRequest,
  { webgpu }: Crossovers = defaultCrossovers,
): boolean {
  return backend === "webgpu" || backend === "auto" && dtype === "f32" && needs !== undefined && flops >= webgpu;
}

/** Why the work does not go to a device; nothing where it does. */
function refusalOfWebgpu(
  { families, backend, dtype, needs, largestArrayBytes = 0 }: WorkRequest,
  { webgpu, webgpuReason, webgpuSoftware, webgpuLargestArrayBytes = 0 }: Capabilities,
): string | undefined {
  if (webgpu === false) return webgpuReason;
  if (dtype === "f64") return "it has no f64";
  if (needs === undefined) return "this solver does not run on devices";
  const offered = families.flatMap(({ webgpu }) => webgpu?.kernels ?? []);
  const missing = needs.filter((name) => !offered.includes(name));
  if (missing.length > 0) return `it has no kernel ${missing.join(", ")}`;
  if (webgpuSoftware && backend !== "webgpu") return `${webgpu} computes on the processor`;
  if (largestArrayBytes <= webgpuLargestArrayBytes) return undefined;
  return `an array of ${largestArrayBytes} bytes is beyond the ${webgpuLargestArrayBytes} of ${webgpu}`;
}

function planOnHost(request: WorkRequest, capabilities: Capabilities, crossovers: Crossovers): Plan {
  const { backend = "auto", dtype, flops } = request;
  const { build, simd, threadsReason } = capabilities;
  const one = (backend: "reference" | "wasm", reason: string): Plan => ({ backend, threads: 1, dtype, reason });
  if (backend === "reference") return one("reference", "reference requested");
  if (build === "none") {
    const reason = capabilities.buildReason ?? `this runtime has ${simd ? "no shared WASM memory" : "no WASM SIMD"}`;
    if (backend === "auto") return one("reference", reason);
    throw new BackendError(`Cannot use backend "${backend}": ${reason}.`);
  }
  if (backend === "wasm") return one("wasm", `wasm requested, ${build} build`);
  if (threadsReason && backend === "threads" && request.threads !== 1) {
    throw new BackendError(`Cannot use backend "threads": ${threadsReason}.`);
  }
  if (threadsReason) return one("wasm", `${build} build on one thread: ${threadsReason}`);
  // A number of threads that was requested is kept, even beyond the processors there are.
  const threads = Math.min(request.threads ?? capabilities.threads, mostThreads);
  if (threads <= 1) {
    return one("wasm", `${build} build on one thread: ${request.threads ? "as requested" : "one processor"}`);
  }
  if (backend === "auto" && flops < crossovers.threads) {
    return one("wasm", `${build} build on one thread: too little work for threads`);
  }
  const capped = request.threads !== undefined && request.threads > threads ? ", the most there can be" : "";
  return { backend: "threads", threads, dtype, reason: `${build} build on ${threads} threads${capped}` };
}
