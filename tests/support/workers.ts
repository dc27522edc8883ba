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
