import { type Entry, type Layout, layout, takePieces, watch } from "./task.ts";

/** What a worker is sent before its first launch. */
export interface WorkerSetup {
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  /** Byte address of the control block. */
  readonly control: number;
  /** Which scratch address is its own. */
  readonly thread: number;
}

/**
 * What the program of a worker is sent: its setup and, in pages, the name of the lock that it holds while it lives;
 * later on, further modules.
 */
type Message = WorkerSetup & { readonly life?: string } | Pick<WorkerSetup, "modules">;

/** A worker, the same in every runtime. */
export interface WorkerHandle {
  /** Fulfilled when it has instantiated the kernels and waits for work. */
  readonly ready: Promise<void>;
  /** Fulfilled with the reason when the worker fails, or ends without having been asked to. */
  readonly lost: Promise<Error>;
  /** Sends it further modules, once it listens; fulfilled when it waits for work again. Rejected when it is lost. */
  load(modules: readonly WebAssembly.Module[]): Promise<void>;
  /** Whether the process has to stay for it. */
  keepAlive(needed: boolean): void;
  terminate(): void;
}

/** The part of the Web Locks API that is used; not every library of types has it. */
interface Locks {
  request(name: string, hold: () => unknown): Promise<unknown>;
}

interface NodeWorker {
  postMessage(message: unknown): void;
  on(event: string, listener: (value: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

interface NodeHost {
  process?: {
    getBuiltinModule?: (name: string) => {
      Worker: new (source: string, options: { eval: true }) => NodeWorker;
      parentPort?: {
        on(event: string, listener: (value: Message) => void): void;
        postMessage(message: unknown): void;
      };
    } | undefined;
  };
}

/**
 * The whole program of a worker: instantiate the modules it is sent, then sleep until the epoch moves, take pieces,
 * report; and return to the event loop where further modules are to come, and while there is nothing to do for long. It is started from its source text, because
 * bundlers do not carry worker files along; so it closes over nothing.
 */
function workerProgram(take: typeof takePieces, watchFor: typeof watch, at: Layout): void {
  const node = (globalThis as NodeHost).process?.getBuiltinModule?.("node:worker_threads")?.parentPort;
  const web = globalThis as unknown as {
    postMessage(message: unknown): void;
    onmessage: (event: { data: Message }) => void;
    navigator: { locks?: Locks };
  };
  const post = (message: unknown) => (node ?? web).postMessage(message);
  const entries: Entry[] = [];
  let memory: WebAssembly.Memory, control: number, thread: number;
  let epoch = 0, turn = 0;
  const serve = (message: Message) => {
    if ("memory" in message) ({ memory, control, thread } = message);
    for (const module of message.modules) {
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      for (const name of Object.keys(exports).sort()) entries.push(exports[name] as unknown as Entry);
    }
    const words = new Int32Array(memory.buffer, control, at.bytes / 4);
    const parameters = new Float64Array(memory.buffer, control + at.parametersByte);
    epoch = Atomics.load(words, at.epoch + thread);
    post({ ready: true });
    work(words, parameters, ++turn);
  };
  /** `mine` is given up for what a later message began. */
  const work = (words: Int32Array, parameters: Float64Array, mine: number) => {
    const epochAt = at.epoch + thread;
    while (mine === turn) {
      const next = Atomics.load(words, epochAt);
      // Looked at after the epoch, which moves after it: who sees a launch also sees that it is not meant for him.
      if (Atomics.load(words, at.dismissed + thread) !== 0) return;
      if (next === epoch) {
        if (watchFor(words, epochAt, epoch, at.watchMs)) continue;
        if (Atomics.wait(words, epochAt, epoch, at.longestSleepMs) !== "timed-out") continue;
        // Goes on sleeping in its event loop, where it can be ended, and ends by itself when its parent is gone.
        const { async, value } = Atomics.waitAsync(words, epochAt, epoch);
        if (!async) continue;
        value.then(() => work(words, parameters, mine));
        return;
      }
      epoch = next;
      if (Atomics.load(words, at.listen) !== 0) return;
      try {
        take(words, parameters, entries, thread, at);
      } catch {
        Atomics.add(words, at.trapped, 1);
      }
      if (Atomics.sub(words, at.running, 1) === 1) Atomics.notify(words, at.running);
    }
  };
  const live = (message: Message) => {
    const { locks } = web.navigator;
    if (!("life" in message) || message.life === undefined || locks === undefined) return serve(message);
    locks.request(message.life, () => {
      serve(message);
      return new Promise(() => {});
    }).catch((error) =>
      setTimeout(() => {
        throw error;
      })
    );
  };
  if (node) node.on("message", serve);
  else web.onmessage = ({ data }) => live(data);
}

/** Starts a worker: through node:worker_threads where it is there (Node, Deno, Bun), else from a blob URL. */
export function startWorker(setup: WorkerSetup): WorkerHandle {
  const source = `(${workerProgram})(${takePieces}, ${watch}, ${JSON.stringify(layout)})`;
  const node = (globalThis as NodeHost).process?.getBuiltinModule?.("node:worker_threads");
  return node ? startNodeWorker(new node.Worker(source, { eval: true }), setup) : startWebWorker(source, setup);
}

function startNodeWorker(worker: NodeWorker, setup: WorkerSetup): WorkerHandle {
  let asked = false;
  const lost = new Promise<Error>((resolve) => {
    worker.on("error", (error) => resolve(error instanceof Error ? error : new Error(String(error))));
    worker.on("exit", () => asked || resolve(new Error("it ended unexpectedly")));
  });
  const { answer, answered } = createAnswers(lost);
  worker.on("message", answered);
  return {
    ready: answer(() => worker.postMessage(setup)),
    lost,
    load: (modules) => answer(() => worker.postMessage({ modules } satisfies Message)),
    keepAlive: (needed) => needed ? worker.ref() : worker.unref(),
    terminate() {
      asked = true;
      worker.terminate();
    },
  };
}

/**
 * A page is told of errors in a worker, but not of its end (when the browser runs out of memory, say). So the worker
 * holds a lock for as long as it lives, which the browser passes on when it ends, however it does.
 */
function startWebWorker(source: string, setup: WorkerSetup): WorkerHandle {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { name: `minima ${setup.thread}` });
  const life = `minima ${crypto.randomUUID()}`;
  let asked = false;
  const failed = new Promise<Error>((resolve) => {
    worker.addEventListener("error", (event) => resolve(new Error(event.message || "it failed")));
  });
  const { answer, answered } = createAnswers(failed);
  worker.addEventListener("message", answered);
  const ready = answer(() => worker.postMessage({ ...setup, life } satisfies Message));
  const ended = new Promise<Error>((resolve) => {
    const { locks } = navigator as { locks?: Locks };
    const end = () => asked || resolve(new Error("it ended unexpectedly"));
    ready.then(() => locks?.request(life, () => void end())).catch(() => {});
  });
  const lost = Promise.race([failed, ended]);
  ready.finally(() => URL.revokeObjectURL(url)).catch(() => {});
  return {
    ready,
    lost,
    load: (modules) =>
      Promise.race([
        answer(() => worker.postMessage({ modules } satisfies Message)),
        ended.then((error) => Promise.reject(error)),
      ]),
    keepAlive() {},
    terminate() {
      asked = true;
      worker.terminate();
    },
  };
}

/** Pairs what a worker is sent with its answer, which fails when the worker is lost first. */
function createAnswers(lost: Promise<Error>): { answer(send: () => void): Promise<void>; answered(): void } {
  let resolveLatest = () => {};
  return {
    answer(send) {
      const answer = new Promise<void>((resolve, reject) => {
        resolveLatest = resolve;
        lost.then(reject);
      });
      send();
      return answer;
    },
    answered: () => resolveLatest(),
  };
}
