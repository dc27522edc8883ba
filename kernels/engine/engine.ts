/**
 * Where work runs: the one door of solvers to the kernels.
 *
 * @module
 */

import { referenceKernels } from "../reference/table.ts";
import type { ArenaUsage } from "./arena.ts";
import { capabilities, forgetCapabilities, runtime } from "./capabilities.ts";
import { type KernelModules, loadModule, provideModules } from "./modules.ts";
import { planWork, type WorkRequest } from "./plan.ts";
import { createWasmMachine, type WasmMachine } from "./wasm_backend.ts";
import { createHostWorkspace, javascriptMemory, type Workspace } from "./workspace.ts";

/** The most WASM can address with 32-bit pointers. */
const addressableBytes = 65536 * 65536;
/** Cloudflare ends a worker that holds more than 128 MiB in all. */
const workerBytes = 96 << 20;

let requestedLimit: number | undefined;
let machine: Promise<WasmMachine> | undefined;
let ready: WasmMachine | undefined;

/** Settings of the engine; all optional. */
export interface EngineOptions {
  /** Compiled kernels, for runtimes that forbid run-time compilation. */
  readonly modules?: KernelModules;
  /** The most working memory, in bytes. @default 4294967296, on workerd 100663296 */
  readonly maximumMemoryBytes?: number;
}

/**
 * Prepares the engine. Calling it is optional, except where run-time compilation is forbidden; calling it again
 * replaces the settings for later solves.
 */
export async function init(options: EngineOptions = {}): Promise<void> {
  const { modules, maximumMemoryBytes } = options;
  if (maximumMemoryBytes !== undefined && !(maximumMemoryBytes >= 1 << 20 && maximumMemoryBytes <= addressableBytes)) {
    throw new RangeError(
      `Cannot use "maximumMemoryBytes": expected ${1 << 20} to ${addressableBytes}, received ${maximumMemoryBytes}.`,
    );
  }
  await dispose();
  if (modules) provideModules(modules);
  requestedLimit = maximumMemoryBytes;
  if ((await capabilities()).build !== "none") await wasmMachine();
}

/**
 * Releases what the engine holds: WASM memory, workers, devices. Solves under way keep theirs until they end; the
 * next solve starts afresh. Idempotent.
 */
export async function dispose(): Promise<void> {
  const retired = await machine?.catch(() => undefined);
  machine = ready = undefined;
  retired?.retire();
  forgetCapabilities();
}

/** Working memory of the WASM kernels, in bytes; zeros before the first solve. */
export function memoryUsage(): ArenaUsage {
  return ready?.arena.usage() ?? { used: 0, reserved: 0, limit: memoryLimit() };
}

function memoryLimit(): number {
  return requestedLimit ?? (runtime().runtime === "workerd" ? workerBytes : addressableBytes);
}

/** Plans the work and opens the workspace it runs in. */
export async function openWorkspace(request: WorkRequest): Promise<Workspace> {
  const plan = planWork(request, await capabilities());
  if (plan.backend === "reference") return createHostWorkspace(plan, referenceKernels, javascriptMemory);
  const { arena, kernels, enter } = await wasmMachine();
  return createHostWorkspace(plan, kernels(plan.threads), arena, enter());
}

function wasmMachine(): Promise<WasmMachine> {
  return machine ??= startWasmMachine().catch((error) => {
    machine = undefined;
    throw error;
  });
}

async function startWasmMachine(): Promise<WasmMachine> {
  const { build } = await capabilities();
  const module = await loadModule(build === "relaxed" ? "relaxed" : "simd");
  const started = createWasmMachine(module, memoryLimit(), () => {
    if (ready === started) machine = ready = undefined;
  });
  return ready = started;
}
