/**
 * Where work runs: the one interface between solvers and kernels.
 *
 * @module
 */

import type { Kernels } from "../contract.ts";
import type { ArenaUsage } from "./arena.ts";
import { capabilities, forgetCapabilities, hostCapabilities, noteFailedStart, noteThreads } from "./capabilities.ts";
import { BackendError, WorkLimitError } from "./errors.ts";
import { type KernelFamily, kernelTable } from "./family.ts";
import { type KernelModules, provideModules } from "./modules.ts";
import { considersWebgpu, type Crossovers, defaultCrossovers, type Plan, planWork, type WorkRequest } from "./plan.ts";
import { runtime } from "./runtime.ts";
import { createWasmMachine, type WasmMachine } from "./wasm_backend.ts";
import type { WebgpuMachine } from "./webgpu/machine.ts";
import { createHostWorkspace, createJavascriptMemory, type Workspace } from "./workspace.ts";

/** The most WASM can address with 32-bit pointers. */
const addressableBytes = 65536 * 65536;
/** Cloudflare ends a worker that holds more than 128 MiB in all: code, bodies and answers have to fit as well. */
const workerBytes = 56 << 20;
/** About half a minute there. */
const workerOperations = 1e12;

let requestedLimit: number | undefined, referenceLimit: number | undefined, operationLimit: number | undefined;
let machine: WasmMachine | undefined;
let gpuMachine: Promise<WebgpuMachine> | undefined;
let gpuReady: WebgpuMachine | undefined;
/** Why the device is not chosen, except on request, until the engine is disposed of: it failed. */
let gpuFailure: string | undefined;
let crossovers = defaultCrossovers;

/** Settings of the engine; all optional. */
export interface EngineOptions {
  /**
   * Compiled kernels by family, for runtimes that forbid run-time compilation: those of every solver in use. Families
   * that were given before keep theirs.
   */
  readonly modules?: KernelModules;
  /** The most working memory, in bytes. @default 4294967296, on workerd 58720256 */
  readonly maximumMemoryBytes?: number;
  /** The most working memory of a solve with the reference kernels, in bytes. @default Infinity, on workerd 58720256 */
  readonly maximumReferenceBytes?: number;
  /**
   * The most operations that a solve may foresee: it is refused before it starts. On workerd nothing can end a solve that
   * computes.
   *
   * @default Infinity, on workerd 1e12
   */
  readonly maximumOperations?: number;
  /**
   * From how many operations of a solve other backends pay on this machine, as {@linkcode calibrate} measures it;
   * Infinity for never. @default cautious guesses
   */
  readonly crossovers?: Partial<Crossovers>;
}

/** Replaces the settings for later solves, and ends what was started by those before. */
export async function configure(options: EngineOptions = {}): Promise<void> {
  const { modules, maximumMemoryBytes } = options;
  if (maximumMemoryBytes !== undefined && !(maximumMemoryBytes >= 1 << 20 && maximumMemoryBytes <= addressableBytes)) {
    throw new RangeError(
      `Cannot use "maximumMemoryBytes": expected ${1 << 20} to ${addressableBytes}, received ${maximumMemoryBytes}.`,
    );
  }
  for (const name of ["maximumReferenceBytes", "maximumOperations"] as const) {
    const value = options[name];
    if (value !== undefined && !(value > 0)) {
      throw new RangeError(`Cannot use "${name}": expected a number > 0, received ${value}.`);
    }
  }
  for (const name of ["threads", "webgpu"] as const) {
    const value = options.crossovers?.[name];
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw new RangeError(
        `Cannot use "crossovers": expected a number of operations from 0 on for "${name}", received ${value}.`,
      );
    }
  }
  await dispose();
  if (modules) provideModules(modules);
  requestedLimit = maximumMemoryBytes;
  referenceLimit = options.maximumReferenceBytes;
  operationLimit = options.maximumOperations;
  const { threads = defaultCrossovers.threads, webgpu = defaultCrossovers.webgpu } = options.crossovers ?? {};
  crossovers = { threads, webgpu };
  if (hostCapabilities().build !== "none") wasmMachine();
}

/**
 * Releases what the engine holds: WASM memory, workers, devices. Solves under way keep theirs until they end; the
 * next solve starts afresh. Idempotent.
 */
export async function dispose(): Promise<void> {
  machine?.retire();
  machine = undefined;
  const retiredGpu = await gpuMachine?.catch(() => undefined);
  gpuMachine = gpuReady = gpuFailure = undefined;
  retiredGpu?.retire();
  forgetCapabilities();
}

/** Working memory of the WASM kernels, in bytes; zeros before the first solve. */
export function memoryUsage(): ArenaUsage {
  return machine?.arena.usage() ?? { used: 0, reserved: 0, limit: memoryLimit() };
}

function memoryLimit(): number {
  return requestedLimit ?? (runtime().runtime === "workerd" ? workerBytes : addressableBytes);
}

/**
 * Plans the work and opens the workspace it runs in. A device that failed is not chosen again before `dispose`,
 * except on request.
 *
 * @throws {BackendError} when the backend that was requested is missing or does not start
 * @throws {WorkLimitError} when the solve foresees more operations than the host allows
 */
export async function openWorkspace(request: WorkRequest): Promise<Workspace> {
  const onEdge = runtime().runtime === "workerd", most = operationLimit ?? (onEdge ? workerOperations : Infinity);
  if (request.flops > most) {
    const foreseen = request.flops.toExponential(1);
    throw new WorkLimitError(
      `The solve would take some ${foreseen} operations, more than the ${most.toExponential(1)} that are allowed here.`,
    );
  }
  const requested = request.backend === "webgpu";
  const looksForDevice = considersWebgpu(request, crossovers);
  const found = looksForDevice ? await capabilities() : hostCapabilities();
  const offered = gpuFailure && !requested ? { ...found, webgpu: false as const, webgpuReason: gpuFailure } : found;
  const plan = planWork(request, offered, crossovers);
  if (plan.backend === "webgpu") {
    // Loaded on first use: shaders are no small part of the library.
    const { createWebgpuWorkspace } = await import("./webgpu/workspace.ts");
    const machine = await webgpuMachine().catch((error) => {
      if (requested) throw error;
    });
    // The failure is known by now, and the second plan says so.
    if (machine === undefined) return openWorkspace(request);
    const { families, flops, threads } = request;
    const host = await openWorkspace({ families, dtype: "f64", flops, threads });
    return await createWebgpuWorkspace(plan, machine, host, families);
  }
  if (plan.backend === "reference") {
    return createHostWorkspace(
      plan,
      await referenceTable(request.families),
      createJavascriptMemory(referenceLimit ?? (onEdge ? workerBytes : Infinity)),
      undefined,
      request.families,
    );
  }
  return await openWasmWorkspace(request, plan) ?? await openWorkspace(request);
}

/** The workspace that was planned; nothing where its workers do not start: then the work is planned again. */
async function openWasmWorkspace({ families }: WorkRequest, plan: Plan): Promise<Workspace | undefined> {
  const used = wasmMachine();
  const leave = used.enter();
  try {
    await used.load(families);
    if (plan.backend === "threads" && !await workersStart(used, plan.threads)) {
      leave();
      return undefined;
    }
  } catch (error) {
    leave();
    throw error;
  }
  return createHostWorkspace(plan, used.kernels(families, plan.threads), used.arena, leave, families);
}

async function workersStart(used: WasmMachine, threads: number): Promise<boolean> {
  try {
    await used.startWorkers(threads);
    noteThreads();
    return true;
  } catch (error) {
    // The machine has been replaced; the next plan knows whether threads are worth another try.
    if (error instanceof BackendError) return false;
    throw error;
  }
}

async function referenceTable(families: readonly KernelFamily[]): Promise<Kernels> {
  return kernelTable(families, await Promise.all(families.map(({ reference }) => reference())));
}

/**
 * Calls `solve` in the workspace that the request is planned into, and releases it. Where a device fails that was
 * not requested, the solve begins again on the processor, and its plan says why.
 */
export async function withWorkspace<T>(request: WorkRequest, solve: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await openWorkspace(request);
  try {
    return await solve(workspace);
  } catch (error) {
    const onDevice = workspace.plan.backend === "webgpu" && request.backend !== "webgpu";
    if (!onDevice || !(error instanceof BackendError)) throw error;
    // Without it, the next plan would choose the device again.
    gpuFailure ??= error.message;
  } finally {
    workspace.release();
  }
  return await withWorkspace(request, solve);
}

/** Buffers and bytes on the WebGPU device. */
export function deviceUsage(): { buffers: number; bytes: number } {
  return gpuReady?.usage() ?? { buffers: 0, bytes: 0 };
}

function webgpuMachine(): Promise<WebgpuMachine> {
  return gpuMachine ??= startWebgpuMachine().catch((error) => {
    gpuMachine = undefined;
    throw error;
  });
}

async function startWebgpuMachine(): Promise<WebgpuMachine> {
  const { createWebgpuMachine } = await import("./webgpu/machine.ts");
  try {
    const started = await createWebgpuMachine(({ message }) => {
      gpuFailure = message;
      if (gpuReady === started) gpuMachine = gpuReady = undefined;
    });
    gpuFailure = undefined;
    return gpuReady = started;
  } catch (error) {
    gpuFailure = (error as Error).message;
    throw error;
  }
}

function wasmMachine(): WasmMachine {
  if (machine !== undefined) return machine;
  const build = hostCapabilities().build === "relaxed" ? "relaxed" : "simd";
  const started = createWasmMachine(build, memoryLimit(), (startFailure) => {
    if (machine === started) machine = undefined;
    // A policy of the page may forbid workers, or the system refuse more of them for a while.
    if (startFailure) noteFailedStart(startFailure.message.replace(/\.$/, ""));
  });
  return machine = started;
}
