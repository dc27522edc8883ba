import type { FloatDtype } from "../spec.ts";
import type { Capabilities } from "./capabilities.ts";
import { BackendError } from "./errors.ts";

/** Where kernels can run. */
export type BackendName = "reference" | "wasm" | "threads" | "webgpu";

/** What a solve asks for and how large it is. */
export interface WorkRequest {
  /** @default "auto" */
  readonly backend?: "auto" | BackendName;
  /** Most threads to use. @default all */
  readonly threads?: number;
  readonly dtype: FloatDtype;
  /** Estimated floating-point operations of the whole solve. */
  readonly flops: number;
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

/** Below so many operations, starting and waking workers costs more than they save. */
const threadsPayFrom = 2e9;

/**
 * Chooses the backend: a pure function of the request and of what the runtime offers.
 *
 * @throws {BackendError} when the caller insisted on a backend that is not there
 */
export function planWork(request: WorkRequest, capabilities: Capabilities): Plan {
  const { backend = "auto", dtype, flops } = request;
  const { build, simd, threadsReason, webgpuReason } = capabilities;
  const one = (backend: "reference" | "wasm", reason: string): Plan => ({ backend, threads: 1, dtype, reason });
  const missing = simd ? "no shared WASM memory" : "no WASM SIMD";
  if (backend === "webgpu") throw new BackendError(`Cannot use backend "webgpu": ${webgpuReason}.`);
  if (backend === "reference") return one("reference", "reference requested");
  if (build === "none") {
    if (backend === "auto") return one("reference", `this runtime has ${missing}`);
    throw new BackendError(`Cannot use backend "${backend}": this runtime has ${missing}.`);
  }
  if (backend === "wasm") return one("wasm", `wasm requested, ${build} build`);
  if (threadsReason) return one("wasm", `${build} build on one thread: ${threadsReason}`);
  // Whoever asks for threads by number gets that number, even beyond the processors there are.
  const threads = request.threads ?? capabilities.threads;
  if (threads <= 1) {
    return one("wasm", `${build} build on one thread: ${request.threads ? "as requested" : "one processor"}`);
  }
  if (backend === "auto" && flops < threadsPayFrom) {
    return one("wasm", `${build} build on one thread: too little work for threads`);
  }
  return { backend: "threads", threads, dtype, reason: `${build} build on ${threads} threads` };
}
