import type { Breaks, HostArray, KernelArguments, KernelName, Kernels } from "../contract.ts";
import { type Launch, type Launches, passStructs, runLaunches, runLaunchesAsync, structWords } from "../wasm/launch.ts";
import { type Arena, arenaBase, createArena } from "./arena.ts";
import type { BackendError } from "./errors.ts";
import { type Build, type KernelFamily, type KernelTable, kernelTable, type Lowerings } from "./family.ts";
import { loadModule } from "./modules.ts";
import { createThreadPool, type ThreadPool } from "./threads/pool.ts";
import type { Entry, LoadedModule } from "./threads/task.ts";

const pageBytes = 65536;
const initialPages = 16;

/** Parts of a launch that splits, where there are breaks. */
const partsBetweenBreaks = 32;

/** Structs lie just before the arena; what lies before them is the modules', as the build checks of each. */
export const structsAddress = arenaBase - 8 * structWords;

/** One WASM memory, the kernels over it, and the threads that share it. */
export interface WasmMachine {
  /** The memory; once a worker is lost, no block of it is used again. */
  readonly arena: Arena;
  /** Loads the families that are not there yet. @throws {BackendError} when one cannot be */
  load(families: readonly KernelFamily[]): Promise<void>;
  /**
   * Starts the workers that kernels on so many threads need, and sends them the families that were loaded.
   *
   * @throws {BackendError} when one cannot be started
   */
  startWorkers(threads: number): Promise<void>;
  /**
   * The kernels of families that were loaded, on so many threads: reference kernels, overridden where there is a WASM
   * implementation.
   */
  kernels(families: readonly KernelFamily[], threads: number): Kernels;
  /** Notes that a solve begins; the function returned notes its end. */
  enter(): () => void;
  /** Ends the worker threads whenever no solve is under way. */
  retire(): void;
}

/** What a machine has of a family. */
interface LoadedFamily {
  readonly reference: KernelTable;
  readonly lowerings: Lowerings;
}

/**
 * A fresh shared memory of at most `limit` bytes, over which families are instantiated in the build given. `onBroken`
 * is called when a worker failed: it may still be writing while it dies, so the memory must not serve another solve. It
 * is told the error of one that failed to start, after which the solves under way go on.
 */
export function createWasmMachine(
  build: Build,
  limit: number,
  onBroken: (startFailure?: BackendError) => void,
): WasmMachine {
  const memory = reserveMemory(Math.floor(limit / pageBytes));
  // Where launches on the calling thread pass structs.
  const words = new Float64Array(memory.shared.buffer, structsAddress, structWords);
  const whole = createArena(memory.shared, memory.maximum * pageBytes);
  const loading = new Map<string, Promise<void>>();
  const loaded = new Map<string, LoadedFamily>();
  const modules: LoadedModule[] = [];
  const entries = new Map<string, Entry>();
  // What launches of frozen operands call: they come again and again.
  const calls = new WeakMap<Launch, { address: number; call: () => number }>();
  let broken = false;
  // A worker that dies may write for a while: what its solves free must not be allocated to others that are under way.
  const arena: Arena = { ...whole, free: (array) => broken || whole.free(array) };
  // Working memory of the kernels on the calling thread: kept from call to call, grown to the largest request.
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

  function launch(step: Launch): number {
    const { entry, parameters, extent, scratchBytes = 0 } = step;
    let prepared = calls.get(step);
    if (prepared) {
      const address = scratchAddress(scratchBytes);
      if (prepared.address !== address) calls.set(step, prepared = boundCall(step, address));
      return extent === 0 ? 0 : prepared.call();
    }
    const kernel = entries.get(entry)!, values = passStructs(parameters, words, structsAddress);
    if (extent === undefined) return kernel(...values, ...scratchBytes > 0 ? [scratchAddress(scratchBytes)] : []);
    return extent === 0 ? 0 : kernel(...values, 0, extent, scratchAddress(scratchBytes));
  }

  /** Finds the launches of frozen operands once, so that calls that are repeated make no garbage. */
  function onceIfFrozen(
    lower: (operands: KernelArguments<KernelName>) => Launches,
  ): (operands: KernelArguments<KernelName>) => Launches {
    const known = new WeakMap<object, readonly Launch[]>();
    return (operands) => {
      const found = known.get(operands);
      if (found) return found;
      const launches = lower(operands);
      if (!Array.isArray(launches) || !Object.isFrozen(operands)) return launches;
      known.set(operands, launches);
      for (const step of launches as readonly Launch[]) {
        // Structs lie where the next launch writes its own.
        if (step.parameters.every((parameter) => typeof parameter === "number")) calls.set(step, boundCall(step, 0));
      }
      return launches;
    };
  }

  /** A launch without structs, bound to its parameters: spreading them makes a copy of the list. */
  function boundCall({ entry, parameters, extent, scratchBytes = 0 }: Launch, address: number) {
    const values = [...parameters as readonly number[], ...extent === undefined ? [] : [0, extent]];
    if (extent !== undefined || scratchBytes > 0) values.push(address);
    return { address, call: entries.get(entry)!.bind(undefined, ...values) };
  }

  /** A launch that splits, with a break after each part. */
  async function launchInParts(step: Launch, breaks: Breaks): Promise<number> {
    const { entry, parameters, extent = 0, grain = 1, scratchBytes = 0 } = step, kernel = entries.get(entry)!;
    const part = grain * Math.ceil(extent / grain / partsBetweenBreaks);
    if (part >= extent) return launch(step);
    let value = 0;
    for (let begin = 0; begin < extent; begin += part) {
      // Others that share the memory may have passed structs since.
      const values = passStructs(parameters, words, structsAddress);
      value += kernel(...values, begin, Math.min(begin + part, extent), scratchAddress(scratchBytes));
      await breaks.wait();
    }
    return value;
  }

  function launchOnThreads(step: Launch, threads: number): number | Promise<number> {
    return isSmall(step) ? launch(step) : threadPool().run(step, threads);
  }

  function threadPool(): ThreadPool {
    return pool ??= createThreadPool(arena, (startFailure) => {
      // Workers that did not start have never had a launch, and get none.
      broken ||= startFailure === undefined;
      retired = true;
      onBroken(startFailure);
    });
  }

  async function loadFamily(family: KernelFamily): Promise<void> {
    const [module, reference, lowerings] = await Promise.all([
      loadModule(family, build),
      family.onlyReference ? family.reference() : {},
      family.lowerings(),
    ]);
    const { exports } = await WebAssembly.instantiate(module, { env: { memory: memory.shared } });
    const functions = exports as Record<string, Entry>;
    modules.push({ module, exports: functions });
    for (const name of Object.keys(functions)) entries.set(name, functions[name]);
    loaded.set(family.name, { reference, lowerings });
  }

  /** The reference tables with every lowered kernel handed to `run`. */
  function tableOf(
    families: readonly KernelFamily[],
    run: (launches: Launches, breaks?: Breaks) => number | Promise<number>,
  ): Kernels {
    const parts = families.flatMap(({ name }) => {
      const { reference, lowerings } = loaded.get(name)!;
      const overrides = Object.entries(lowerings).map(([name, lower]) => {
        const lowered = onceIfFrozen(lower as (operands: KernelArguments<KernelName>) => Launches);
        return [
          name,
          (operands: KernelArguments<KernelName> & { readonly breaks?: Breaks }) =>
            run(lowered(operands), operands.breaks),
        ];
      });
      return [reference, Object.fromEntries(overrides) as KernelTable];
    });
    return kernelTable(families, parts);
  }

  function endWhenIdle(): void {
    if (!retired || solves > 0) return;
    pool?.dispose();
    // A solve that got this machine just before may still start: it gets another pool.
    pool = undefined;
  }

  return {
    arena,
    async load(families) {
      await Promise.all(families.map((family) => {
        const known = loading.get(family.name);
        if (known !== undefined) return known;
        const started = loadFamily(family).catch((error) => {
          loading.delete(family.name);
          throw error;
        });
        loading.set(family.name, started);
        return started;
      }));
    },
    startWorkers: (threads) => threadPool().startWorkers(threads, [...modules]),
    kernels: (families, threads) =>
      threads > 1
        ? tableOf(families, (launches, breaks) => {
          // What is too small to share is done at once: promises would take as long.
          if (!breaks && Array.isArray(launches) && launches.every(isSmall)) return runLaunches(launches, launch);
          return runLaunchesAsync(launches, async (step) => {
            const value = await launchOnThreads(step, threads);
            await breaks?.wait();
            return value;
          });
        })
        : tableOf(
          families,
          (launches, breaks) =>
            breaks ? runLaunchesAsync(launches, (step) => launchInParts(step, breaks)) : runLaunches(launches, launch),
        ),
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

/** Whether a launch is one piece. */
function isSmall({ extent = 0, grain = 1 }: Launch): boolean {
  return extent <= grain;
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
