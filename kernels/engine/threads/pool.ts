import type { HostArray } from "../../spec.ts";
import type { Launch } from "../../wasm/launch.ts";
import type { Arena } from "../arena.ts";
import { BackendError } from "../errors.ts";
import { type Entries, layout as at, mostThreads, takePieces } from "./task.ts";
import { startWorker, type WorkerHandle } from "./worker.ts";

/** Runs launches on several threads at once: the calling one and its workers. */
export interface ThreadPool {
  /**
   * Runs one launch on `threads` threads, after those asked for before it; starts the workers that are missing.
   *
   * @throws {BackendError} when a worker failed
   */
  run(launch: Launch, threads: number): Promise<number>;
  /** Ends the workers; a launch under way fails. Idempotent. */
  dispose(): void;
}

/** A pool without workers yet, over the instance whose memory `arena` manages; `onBroken` is told of a lost worker. */
export function createThreadPool(
  module: WebAssembly.Module,
  instance: WebAssembly.Instance,
  arena: Arena,
  onBroken: () => void,
): ThreadPool {
  const control = arena.allocate("i32", at.bytes / 4, "thread control block");
  const words = control.view;
  const parameters = new Float64Array(words.buffer, control.address + at.parametersByte, 64);
  const names = Object.keys(instance.exports).sort();
  const entries = names.map((name) => instance.exports[name]) as unknown as Entries;
  const scratch: HostArray<"u8">[] = [];
  const workers: WorkerHandle[] = [];
  let broken: BackendError | undefined;
  let failLaunch: ((error: BackendError) => void) | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  async function hire(threads: number): Promise<void> {
    const hired: WorkerHandle[] = [];
    for (let thread = workers.length + 1; thread < threads; thread++) {
      hired.push(startWorker({ module, memory: arena.memory, control: control.address, thread }));
    }
    workers.push(...hired);
    try {
      await Promise.all(hired.map(({ ready }) => ready));
    } catch (error) {
      fail(new BackendError(`Cannot start worker threads: ${(error as Error).message}.`));
    }
    for (const worker of hired) {
      worker.keepAlive(false);
      worker.onFailure = (error) => fail(new BackendError(`A worker thread failed: ${error.message}.`));
    }
  }

  function fail(error: BackendError): void {
    if (broken) return;
    broken = error;
    workers.forEach((worker, i) => {
      Atomics.store(words, at.epoch + i + 1, -1);
      Atomics.notify(words, at.epoch + i + 1);
      worker.terminate();
    });
    onBroken();
    failLaunch?.(error);
  }

  function reserveScratch(bytes: number, threads: number): void {
    for (let thread = 0; thread < threads; thread++) {
      if ((scratch[thread]?.length ?? 0) < bytes) {
        if (scratch[thread]) arena.free(scratch[thread]);
        delete scratch[thread];
        scratch[thread] = arena.allocate("u8", bytes, "kernel scratch");
      }
      words[at.scratch + thread] = scratch[thread]?.address ?? 0;
    }
  }

  function start(
    { entry, parameters: values, extent = 1, grain = 1, scratchBytes = 0 }: Launch,
    threads: number,
  ): void {
    reserveScratch(scratchBytes, threads);
    parameters.set(values);
    words[at.next] = 0;
    words[at.trapped] = 0;
    words[at.value] = 0;
    words[at.entry] = names.indexOf(entry);
    words[at.parameterCount] = values.length;
    words[at.extent] = extent;
    words[at.pieces] = threads;
    words[at.grain] = grain;
    Atomics.store(words, at.running, threads - 1);
    for (let thread = 1; thread < threads; thread++) {
      Atomics.add(words, at.epoch + thread, 1);
      Atomics.notify(words, at.epoch + thread);
    }
  }

  async function settle(): Promise<void> {
    const failed = new Promise<never>((_, reject) => failLaunch = reject);
    for (let left = Atomics.load(words, at.running); left > 0; left = Atomics.load(words, at.running)) {
      const { async, value } = Atomics.waitAsync(words, at.running, left);
      if (async) await Promise.race([value, failed]);
    }
    failLaunch = undefined;
  }

  async function runNow(launch: Launch, threads: number): Promise<number> {
    const { entry, extent = 0, grain = 1 } = launch;
    if (workers.length < threads - 1) await hire(threads);
    if (broken) throw broken;
    const crew = workers.slice(0, threads - 1);
    for (const worker of crew) worker.keepAlive(true);
    try {
      start(launch, Math.min(threads, Math.ceil(extent / grain)));
      let trap: unknown;
      try {
        takePieces(words, parameters, entries, 0, at);
      } catch (error) {
        trap = error;
      }
      // Whatever happened here, nobody may touch the operands after the launch has ended.
      await settle();
      if (trap !== undefined || words[at.trapped] > 0) {
        throw new BackendError(`Kernel ${entry} trapped.`, { cause: trap });
      }
      return words[at.value];
    } finally {
      for (const worker of crew) worker.keepAlive(false);
    }
  }

  return {
    run(launch, threads) {
      const result = queue.then(() => runNow(launch, Math.min(threads, mostThreads)));
      queue = result.catch(() => {});
      return result;
    },
    dispose: () => fail(new BackendError("The worker threads were disposed.")),
  };
}
