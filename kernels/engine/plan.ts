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
  readonly backend: BackendName;
  readonly threads: number;
  readonly dtype: FloatDtype;
  /** The reason, in words. */
  readonly reason: string;
}

/**
 * Chooses the backend: a pure function of the request and of what the runtime offers.
 *
 * @throws {BackendError} when the caller insisted on a backend that is not there
 */
export function planWork({ backend = "auto", dtype }: WorkRequest, capabilities: Capabilities): Plan {
  const { build, simd, sharedMemory, threadsReason, webgpuReason } = capabilities;
  const missing = simd ? "shared WASM memory" : "WASM SIMD";
  switch (backend) {
    case "reference":
      return { backend, threads: 1, dtype, reason: "reference requested" };
    case "wasm":
      if (build === "none") throw new BackendError(`Cannot use backend "wasm": this runtime has no ${missing}.`);
      return { backend, threads: 1, dtype, reason: `wasm requested, ${build} build` };
    case "threads":
      if (build === "none") throw new BackendError(`Cannot use backend "threads": this runtime has no ${missing}.`);
      return { backend: "wasm", threads: 1, dtype, reason: `threads requested, one used: ${threadsReason}` };
    case "webgpu":
      throw new BackendError(`Cannot use backend "webgpu": ${webgpuReason}.`);
    case "auto":
      if (build === "none") return { backend: "reference", threads: 1, dtype, reason: `no ${missing}` };
      return {
        backend: "wasm",
        threads: 1,
        dtype,
        reason: `${build} build on one thread${sharedMemory ? "" : ", memory not shared"}`,
      };
  }
}
