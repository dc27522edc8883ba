import { referenceKernels } from "../reference/table.ts";
import type { HostArray, KernelArguments, KernelName, Kernels } from "../contract.ts";
import { type Launch, type Launches, passStructs, runLaunches, runLaunchesAsync, structWords } from "../wasm/launch.ts";
import { lowerings } from "../wasm/table.ts";
import { type Arena, createArena } from "./arena.ts";
import { createThreadPool, type ThreadPool } from "./threads/pool.ts";

const pageBytes = 65536;
const initialPages = 16;

type Exports = Record<string, (...parameters: number[]) => number>;

/** One WASM memory, the kernels over it, and the threads that share it. */
export interface WasmMachine {
  /** The memory; of a machine that lost a worker, nothing is handed out again. */
  readonly arena: Arena;
  /** Starts the workers that kernels on so many threads need. @throws {BackendError} when one cannot be started */
  startWorkers(threads: number): Promise<void>;
  /** The kernels on so many threads: reference kernels, overridden where there is a WASM implementation. */
  kernels(threads: number): Kernels;
  /** Notes that a solve begins; the function returned notes its end. */
  enter(): () => void;
  /** Ends the worker threads whenever no solve is under way. */
  retire(): void;
}

/**
 * Instantiates the kernels over a fresh shared memory of at most `limit` bytes. `onBroken` is called when a worker
 * failed: it may still be writing while it dies, so the memory must not serve another solve.
 */
export function createWasmMachine(module: WebAssembly.Module, limit: number, onBroken: () => void): WasmMachine {
  const memory = reserveMemory(Math.floor(limit / pageBytes));
  const instance = new WebAssembly.Instance(module, { env: { memory: memory.shared } });
  const exports = instance.exports as unknown as Exports;
  // Where launches on the calling thread pass structs: before the arena.
  const structs = Math.ceil(exports.heapBase() / 8) * 8,
    words = new Float64Array(memory.shared.buffer, structs, structWords);
  const whole = createArena(memory.shared, structs + words.byteLength, memory.maximum * pageBytes);
  let broken = false;
  // A worker that dies may write for a while: what its solves return must not come to others that are under way.
  const arena: Arena = { ...whole, free: (array) => broken || whole.free(array) };
  // Working memory of the kernels on the calling thread: kept from call to call, grown to the largest wish.
  let scratch: HostArray<"u8"> | undefined;
  let pool: ThreadPool | undefined;
  let solves = 0, retired = false;

  function scratchAddress(bytes: number): number {
    if (bytes === 0) return 0;
    if (scratch === undefined || scratch.length < bytes) {
      if (scratch) arena.free(scratch);
      scratch = undefined;
      scratch = arena.allocate("u8", bytes, "kernel scratch", true);
    }
    return scratch.address;
  }

  function launch({ entry, parameters, extent, scratchBytes = 0 }: Launch): number {
    const kernel = exports[entry], values = passStructs(parameters, words, structs);
    if (extent === undefined) return kernel(...values, ...scratchBytes > 0 ? [scratchAddress(scratchBytes)] : []);
    return extent === 0 ? 0 : kernel(...values, 0, extent, scratchAddress(scratchBytes));
  }

  function launchOnThreads(step: Launch, threads: number): number | Promise<number> {
    const { extent = 0, grain = 1 } = step;
    if (extent <= grain) return launch(step);
    return threadPool().run(step, threads);
  }

  function threadPool(): ThreadPool {
    return pool ??= createThreadPool(module, instance, arena, () => {
      broken = true;
      onBroken();
    });
  }

  function endWhenIdle(): void {
    if (!retired || solves > 0) return;
    pool?.dispose();
    // A solve that found this machine just before may still come: it gets another pool.
    pool = undefined;
  }

  return {
    arena,
    startWorkers: (threads) => threadPool().startWorkers(threads),
    kernels: (threads) =>
      threads > 1
        ? tableOf((launches) => runLaunchesAsync(launches, (step) => launchOnThreads(step, threads)))
        : tableOf((launches) => runLaunches(launches, launch)),
    enter() {
      solves++;
      return () => {
        solves--;
        endWhenIdle();
      };
    },
    retire() {
      retired = true;
      endWhenIdle();
    },
  };
}

/** A shared memory reserves its maximum at once, and some devices refuse 4 GiB: the most that they give. */
function reserveMemory(maximum: number): { shared: WebAssembly.Memory; maximum: number } {
  try {
    return { shared: new WebAssembly.Memory({ initial: initialPages, maximum, shared: true }), maximum };
  } catch (error) {
    const less = maximum >>> 1;
    if (less < initialPages) throw error;
    return reserveMemory(less);
  }
}

/** The reference table with every lowered kernel handed to `run`. */
function tableOf(run: (launches: Launches) => number | Promise<number>): Kernels {
  const overrides = (Object.keys(lowerings) as KernelName[]).map((name) => {
    const lower = lowerings[name] as (operands: KernelArguments<KernelName>) => Launches;
    return [name, (operands: KernelArguments<KernelName>) => run(lower(operands))];
  });
  return { ...referenceKernels, ...Object.fromEntries(overrides) as Partial<Kernels> };
}
