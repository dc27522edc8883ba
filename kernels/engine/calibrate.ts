import type { MatrixOperand } from "../contract.ts";
import { gemmFlops } from "../contract/dense/gemm.ts";
import { denseFamily } from "../families/dense.ts";
import { type Capabilities, capabilities, hostCapabilities } from "./capabilities.ts";
import { BackendError } from "./errors.ts";
import { type Crossovers, defaultCrossovers } from "./plan.ts";
import { createWasmMachine } from "./wasm_backend.ts";
import { createHostWorkspace, type Workspace } from "./workspace.ts";

/** What was measured of one backend, beside the baseline: the backend that would do the work otherwise. */
export interface BackendRates {
  /** Seconds until it is ready: workers started; a device found, its kernels compiled, arrays moved there and back. */
  readonly startSeconds: number;
  /** Floating-point operations a second. */
  readonly flopsPerSecond: number;
  /** Those of the baseline. */
  readonly baselineFlopsPerSecond: number;
}

/** Crossovers of this machine, and what they come from. */
export interface Calibration extends Crossovers {
  /** What was measured; what is left out here keeps its default. */
  readonly measured: { readonly threads?: BackendRates; readonly webgpu?: BackendRates };
  /** Why a backend was not measured, in words. */
  readonly leftOut: { readonly threads?: string; readonly webgpu?: string };
}

/** A backend pays where it takes at most this share of the other's time, its start included. */
const worthwhile = 0.8;

/** What products need. */
const families = [denseFamily];

/** Size of the square products that are timed: large enough to be cut into pieces, small enough for a few seconds. */
const hostSize = 512, deviceSize = 2048;

/** Rounds go on for so long, so that each backend meets a moment in which the machine does nothing else. */
const leastRounds = 12, raceMs = 1500;

/** Memory of the machine that is measured, in bytes: it holds three matrices and the kernels' scratch. */
const machineBytes = 256 << 20;

/**
 * From how many operations on a backend pays: where `start + flops / rate` is 0.8 of the baseline's time. Infinity
 * where its rate alone is not enough.
 */
export function crossoverOf({ startSeconds, flopsPerSecond, baselineFlopsPerSecond }: BackendRates): number {
  const savedPerFlop = worthwhile / baselineFlopsPerSecond - 1 / flopsPerSecond;
  return savedPerFlop > 0 ? startSeconds / savedPerFlop : Infinity;
}

/**
 * Measures from how many operations threads and WebGPU pay on this machine, in two to four seconds. It times matrix
 * products in f32, in turns, and how long workers and device take to start; running solves, the engine's workers
 * and its settings are not affected. Measure while nothing else runs.
 *
 * What is missing is not measured and keeps its default: threads in a page that is not cross-origin isolated, WebGPU
 * where the adapter computes in software.
 *
 * @returns The crossovers, `Infinity` for a backend that never pays here, and the measurements behind them.
 * @throws {BackendError} when the device fails while it is measured
 *
 * @example
 * ```ts
 * import { calibrate, init } from "@minima/minima";
 * const crossovers = await calibrate();
 * if (!(crossovers.threads > 0 && crossovers.webgpu > 0)) throw new Error("not a number of operations");
 * await init({ crossovers }); // later solves are planned by it
 * ```
 */
export async function calibrate(): Promise<Calibration> {
  const found = await capabilities();
  const leftOut = { threads: threadsMissing(found), webgpu: deviceMissing(found) };
  // Without a baseline there is nothing to compare with; workerd, for one, has no clock to measure with.
  const host = leftOut.threads && leftOut.webgpu ? undefined : await measureHost(leftOut.threads ? 1 : found.threads);
  const best = Math.max(host?.oneThread ?? 0, host?.rates?.flopsPerSecond ?? 0);
  const device = leftOut.webgpu ? undefined : await measureDevice(best);
  return {
    threads: host?.rates ? crossoverOf(host.rates) : defaultCrossovers.threads,
    webgpu: device ? crossoverOf(device) : defaultCrossovers.webgpu,
    measured: { threads: host?.rates, webgpu: device },
    leftOut: { ...leftOut, threads: leftOut.threads ?? host?.withoutWorkers },
  };
}

function threadsMissing({ build, threads, threadsReason }: Capabilities): string | undefined {
  if (build === "none") return "this runtime does not run the WASM kernels";
  return threadsReason ?? (threads > 1 ? undefined : "there is one processor");
}

function deviceMissing({ build, webgpu, webgpuReason, webgpuSoftware }: Capabilities): string | undefined {
  if (build === "none") return "there are no WASM kernels to compare with";
  if (webgpu === false) return webgpuReason;
  return webgpuSoftware ? `${webgpu} computes on the processor` : undefined;
}

/** What was measured of the processor. */
interface HostRates {
  /** Floating-point operations a second of one thread. */
  readonly oneThread: number;
  /** All threads beside it. */
  readonly rates?: BackendRates;
  /** Why no worker started, where some should have. */
  readonly withoutWorkers?: string;
}

/** One thread and, where there are more, all of them, on a machine of their own. */
async function measureHost(wanted: number): Promise<HostRates> {
  const machine = createWasmMachine(
    hostCapabilities().build === "relaxed" ? "relaxed" : "simd",
    machineBytes,
    () => {},
  );
  const leave = machine.enter();
  try {
    await machine.load(families);
    const started = performance.now();
    let threads = wanted, withoutWorkers: string | undefined;
    try {
      if (wanted > 1) await machine.startWorkers(wanted);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      threads = 1;
      withoutWorkers = error.message.replace(/\.$/, "");
    }
    const startSeconds = (performance.now() - started) / 1e3;
    const workspaces = [1, threads].map((count) =>
      createHostWorkspace(
        { backend: "wasm", threads: count, dtype: "f32", reason: "" },
        machine.kernels(families, count),
        machine.arena,
      )
    );
    const [oneThread, allThreads] = await raceProducts(workspaces, hostSize);
    if (threads <= 1) return { oneThread, withoutWorkers };
    return { oneThread, rates: { startSeconds, flopsPerSecond: allThreads, baselineFlopsPerSecond: oneThread } };
  } finally {
    leave();
    machine.retire();
  }
}

/** A device of its own, from nothing to the first answer, and its rate. */
async function measureDevice(baselineFlopsPerSecond: number): Promise<BackendRates> {
  const started = performance.now();
  const { createWebgpuMachine } = await import("./webgpu/machine.ts");
  const { createWebgpuWorkspace } = await import("./webgpu/workspace.ts");
  const machine = await createWebgpuMachine(() => {});
  const plan = { backend: "webgpu", threads: 1, dtype: "f32", reason: "" } as const;
  const nowhere = createHostWorkspace(plan, {} as Workspace["kernels"], {
    allocate: refuse,
    free() {},
    narrow: refuse,
  });
  const workspace = await createWebgpuWorkspace(plan, machine, nowhere, families);
  try {
    const first = product(workspace, deviceSize);
    await first.run();
    await workspace.read(first.answer.array);
    const startSeconds = (performance.now() - started) / 1e3;
    const [flopsPerSecond] = await raceProducts([workspace], deviceSize);
    return { startSeconds, flopsPerSecond, baselineFlopsPerSecond };
  } finally {
    workspace.release();
    machine.retire();
  }
}

function refuse(): never {
  throw new Error("A product on a device needs no memory of the host.");
}

/** Rates of products in turns: the best round of each workspace counts, for others may use the machine too. */
async function raceProducts(workspaces: readonly Workspace[], size: number): Promise<number[]> {
  const products = workspaces.map((workspace) => product(workspace, size));
  const seconds = products.map(() => Infinity);
  const end = performance.now() + raceMs;
  for (let round = 0; round < leastRounds || performance.now() < end; round++) {
    for (const [i, { run }] of products.entries()) {
      const started = performance.now();
      await run();
      seconds[i] = Math.min(seconds[i], (performance.now() - started) / 1e3);
    }
  }
  return products.map(({ flops }, i) => flops / seconds[i]);
}

/** A product `C = A B` of ones; `run` ends when C is there. */
function product(workspace: Workspace, size: number) {
  const square = (label: string): MatrixOperand => ({
    array: workspace.allocate("f32", size * size, label),
    rows: size,
    columns: size,
  });
  const operands = { a: square("A"), b: square("B"), c: square("C") };
  for (const { array } of [operands.a, operands.b]) workspace.write(array, new Float32Array(size * size).fill(1));
  return {
    answer: operands.c,
    flops: gemmFlops(operands),
    async run() {
      await workspace.kernels.gemm(operands);
      await workspace.read(operands.c.array, 0, 1);
    },
  };
}
