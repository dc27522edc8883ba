/**
 * Sees the workers that the library starts, by standing in for the runtime's own constructor; no hook in the library.
 */

interface AnyWorker {
  terminate(): unknown;
  on?(event: string, listener: () => void): void;
}

type WorkerClass = new (...parameters: never[]) => AnyWorker;

/** Workers since the watch began. */
export interface WorkerWatch {
  /** Started so far. */
  started(): number;
  /** Started and not ended. */
  alive(): number;
  /** Ends one that is alive, from outside: nobody asked the library. */
  kill(): void;
  /** Lets the constructor go. */
  stop(): void;
}

/** Watches the workers that are started from now on. */
export function watchWorkers(): WorkerWatch {
  const process = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const home = (process?.getBuiltinModule?.("node:worker_threads") ?? globalThis) as { Worker: WorkerClass };
  const Original = home.Worker;
  const alive = new Map<AnyWorker, () => unknown>();
  let started = 0;
  home.Worker = class extends Original {
    constructor(...parameters: never[]) {
      super(...parameters);
      started++;
      alive.set(this, () => super.terminate());
      // Pages are not told when a worker has ended: there, being asked to must do.
      this.on?.("exit", () => alive.delete(this));
    }

    override terminate(): unknown {
      if (!this.on) alive.delete(this);
      return super.terminate();
    }
  };
  return {
    started: () => started,
    alive: () => alive.size,
    kill() {
      const [worker, end] = [...alive].at(-1)!;
      if (!worker.on) alive.delete(worker);
      end();
    },
    stop: () => void (home.Worker = Original),
  };
}

/** Makes every worker fail to start, as policies do, until the function returned is called. */
export function forbidWorkers(): () => void {
  const process = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const home = (process?.getBuiltinModule?.("node:worker_threads") ?? globalThis) as { Worker: unknown };
  const { Worker } = home;
  home.Worker = class {
    constructor() {
      throw new Error("workers are forbidden");
    }
  };
  return () => void (home.Worker = Worker);
}

/** Waits until `condition` holds: workers end in their own time. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = performance.now() + 10_000; !condition();) {
    if (performance.now() > deadline) throw new Error(`Waited for ${what}, in vain.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Spoils the start of workers for which `fails`, asked with the number started so far, is true: half of them report an
 * error at once, the others are ended a little later, when most of their colleagues are asleep.
 */
export function failStarts(fails: (started: number) => boolean): { failed(): number; stop(): void } {
  const process = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const home = (process?.getBuiltinModule?.("node:worker_threads") ?? globalThis) as { Worker: WorkerClass };
  const Original = home.Worker;
  let started = 0, failed = 0;
  home.Worker = class extends Original {
    constructor(...parameters: never[]) {
      super(...parameters);
      started++;
      if (!fails(started)) return;
      failed++;
      const { emit, dispatchEvent } = this as unknown as Listening;
      // A page is not told of the end of a worker, only of its errors.
      const late = failed % 2 === 0 && emit !== undefined;
      if (late) setTimeout(() => super.terminate(), 3 * (failed % 9));
      else if (emit) queueMicrotask(() => emit.call(this, "error", new Error("it was made to fail")));
      else queueMicrotask(() => dispatchEvent?.call(this, new ErrorEvent("error", { message: "it was made to fail" })));
    }
  };
  return { failed: () => failed, stop: () => void (home.Worker = Original) };
}

interface Listening {
  emit?(event: string, error: Error): void;
  dispatchEvent?(event: Event): void;
}
