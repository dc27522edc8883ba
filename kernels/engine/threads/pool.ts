import type { HostArray } from "../../contract.ts";
import { type Launch, passStructs, structWords } from "../../wasm/launch.ts";
import type { Arena } from "../arena.ts";
import { BackendError } from "../errors.ts";
import { type Entry, layout as at, type LoadedModule, takePieces, watch } from "./task.ts";
import { startWorker, type WorkerHandle } from "./worker.ts";

/** Runs launches on several threads at once: the calling one and its workers. */
export interface ThreadPool {
  /**
   * Starts the workers that are missing for `threads` threads, at most {@linkcode mostThreads}, and sends the others
   * the modules that they lack. `modules` begins with those of the call before.
   *
   * @throws {BackendError} when one cannot be started. The pool starts no worker afterwards: one that was given up may
   * still come to wait in the shared memory. Launches on the workers that were there before go on.
   */
  startWorkers(threads: number, modules: readonly LoadedModule[]): Promise<void>;
  /**
   * Runs one launch on `threads` threads, for which `startWorkers` was called, after the launches asked for before it.
   *
   * @throws {BackendError} when a kernel trapped or a worker was lost
   */
  run(launch: Launch, threads: number): Promise<number>;
  /** Ends the workers; a launch under way fails. Idempotent. */
  dispose(): void;
}

/** In pages, nobody is told of a worker that ends while it starts. */
const startLimitMs = 30_000;

/** A worker, and how many of the modules it has. */
interface Colleague extends WorkerHandle {
  moduleCount: number;
}

/**
 * A pool without workers yet, over the memory that `arena` manages. `onBroken` is told when a worker is lost, or with
 * the error when one does not start: no further solve may then use this memory.
 */
export function createThreadPool(arena: Arena, onBroken: (startFailure?: BackendError) => void): ThreadPool {
  const control = arena.allocate("i32", at.bytes / 4, "thread control block");
  const words = control.view;
  const parameters = new Float64Array(words.buffer, control.address + at.parametersByte, 64);
  const structs = control.address + at.structsByte, structValues = new Float64Array(words.buffer, structs, structWords);
  let modules: readonly LoadedModule[] = [];
  const entries: Entry[] = [];
  const indices = new Map<string, number>();
  const scratch: HostArray<"u8">[] = [];
  const workers: Colleague[] = [];
  let broken: BackendError | undefined, startFailure: BackendError | undefined;
  let failLaunch: ((error: BackendError) => void) | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let starting: Promise<unknown> = Promise.resolve();

  /** Numbers the exports as the workers do. */
  function adopt(latest: readonly LoadedModule[]): void {
    for (const { exports } of latest.slice(modules.length)) {
      for (const name of Object.keys(exports).sort()) {
        indices.set(name, entries.length);
        entries.push(exports[name]);
      }
    }
    modules = latest;
  }

  async function startWorkersNow(threads: number): Promise<void> {
    if (broken ?? startFailure) throw broken ?? startFailure;
    const behind = workers.slice(0, threads - 1).filter(({ moduleCount }) => moduleCount < modules.length);
    if (behind.length > 0) await enqueue(() => sendModules(behind));
    const started: Colleague[] = [];
    try {
      for (let thread = workers.length + 1; thread < threads; thread++) {
        const setup = {
          modules: modules.map(({ module }) => module),
          memory: arena.memory,
          control: control.address,
          thread,
        };
        started.push({ ...startWorker(setup), moduleCount: modules.length });
      }
      await withinLimit(Promise.all(started.map(({ ready }) => ready)));
    } catch (error) {
      startFailure = new BackendError(`Cannot start worker threads: ${(error as Error).message}.`, { cause: error });
      // Not every runtime stops a worker that sleeps: each is also told to end by the word that it reads before it does.
      started.forEach((worker, i) => giveUp(worker, workers.length + 1 + i));
      onBroken(startFailure);
      throw startFailure;
    }
    for (const worker of started) {
      worker.keepAlive(false);
      worker.lost.then((error) => {
        if (!broken) onBroken();
        end(new BackendError(`A worker thread failed: ${error.message}.`, { cause: error }));
      });
    }
    workers.push(...started);
    if (broken) dismiss();
  }

  /** Between two launches: workers asleep receive no messages, so they are returned to their event loops first. */
  async function sendModules(behind: readonly Colleague[]): Promise<void> {
    if (broken) throw broken;
    const latest = modules;
    for (const worker of behind) worker.keepAlive(true);
    Atomics.store(words, at.listen, 1);
    try {
      await Promise.all(behind.map(async (worker) => {
        wake(workers.indexOf(worker) + 1);
        await worker.load(latest.slice(worker.moduleCount).map(({ module }) => module));
        worker.moduleCount = latest.length;
      }));
    } catch (error) {
      throw broken ?? new BackendError(`A worker thread failed: ${(error as Error).message}.`, { cause: error });
    } finally {
      if (!broken) Atomics.store(words, at.listen, 0);
      for (const worker of behind) worker.keepAlive(false);
    }
  }

  function wake(thread: number): void {
    Atomics.add(words, at.epoch + thread, 1);
    Atomics.notify(words, at.epoch + thread);
  }

  function dismiss(): void {
    workers.forEach((worker, i) => giveUp(worker, i + 1));
  }

  function giveUp(worker: WorkerHandle, thread: number): void {
    Atomics.store(words, at.dismissed + thread, 1);
    wake(thread);
    worker.terminate();
  }

  /** One thing at a time, in the order in which they were asked for. */
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  function end(error: BackendError): void {
    if (broken) return;
    broken = error;
    dismiss();
    failLaunch?.(error);
    // A wait that is never notified would keep the memory alive forever.
    Atomics.notify(words, at.running);
  }

  function reserveScratch(bytes: number, threads: number): void {
    for (let thread = 0; thread < threads; thread++) {
      if ((scratch[thread]?.length ?? 0) < bytes) {
        if (scratch[thread]) arena.free(scratch[thread]);
        delete scratch[thread];
        scratch[thread] = arena.allocate("u8", bytes, "kernel scratch", true);
      }
      words[at.scratch + thread] = scratch[thread]?.address ?? 0;
    }
  }

  function start(
    { entry, parameters: values, extent = 1, grain = 1, uneven = false, scratchBytes = 0 }: Launch,
    threads: number,
  ): void {
    reserveScratch(scratchBytes, threads);
    parameters.set(passStructs(values, structValues, structs));
    words[at.threads] = threads;
    words.fill(0, at.taken, at.taken + threads);
    words[at.trapped] = 0;
    words[at.value] = 0;
    words[at.entry] = indices.get(entry)!;
    words[at.parameterCount] = values.length;
    words[at.extent] = extent;
    words[at.pieces] = uneven ? Math.ceil(extent / grain) : threads;
    words[at.grain] = grain;
    Atomics.store(words, at.running, threads - 1);
    for (let thread = 1; thread < threads; thread++) wake(thread);
  }

  /** Waits for the workers without blocking: pages may not block, and every other thread has timers to serve. */
  async function finish(helpers: readonly Colleague[]): Promise<void> {
    const failed = new Promise<never>((_, reject) => failLaunch = reject);
    for (const worker of helpers) worker.keepAlive(true);
    try {
      for (let left = Atomics.load(words, at.running); left > 0; left = Atomics.load(words, at.running)) {
        const { async, value } = Atomics.waitAsync(words, at.running, left);
        if (async) await Promise.race([failed, value]);
      }
    } finally {
      failLaunch = undefined;
      for (const worker of helpers) worker.keepAlive(false);
    }
  }

  /** Whether the workers are done, or are so in a moment. */
  function done(): boolean {
    const until = performance.now() + at.watchMs;
    for (let left = Atomics.load(words, at.running); left > 0; left = Atomics.load(words, at.running)) {
      if (!watch(words, at.running, left, until - performance.now())) return false;
    }
    return true;
  }

  async function runNow(launch: Launch, threads: number): Promise<number> {
    if (broken) throw broken;
    const { entry, extent = 0, grain = 1 } = launch;
    const busy = Math.min(threads, Math.ceil(extent / grain));
    start(launch, busy);
    let trap: unknown;
    try {
      takePieces(words, parameters, entries, 0, at);
    } catch (error) {
      trap = error;
    }
    // Also after a failure, no thread may touch the operands once the launch has ended.
    if (!done()) await finish(workers.slice(0, busy - 1));
    if (trap !== undefined || words[at.trapped] > 0) {
      throw new BackendError(`Kernel ${entry} trapped.`, { cause: trap });
    }
    return words[at.value];
  }

  return {
    startWorkers(threads, latest) {
      const started = starting.then(() => {
        if (latest.length > modules.length) adopt(latest);
        return startWorkersNow(threads);
      });
      starting = started.catch(() => {});
      return started;
    },
    run: (launch, threads) => enqueue(() => runNow(launch, threads)),
    dispose: () => end(new BackendError("The worker threads were disposed.")),
  };
}

/** Rejects where a promise takes too long. */
async function withinLimit(started: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`none answered within ${startLimitMs} ms`)), startLimitMs);
  });
  try {
    await Promise.race([started, late]);
  } finally {
    clearTimeout(timer);
  }
}
