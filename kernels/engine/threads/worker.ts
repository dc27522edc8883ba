import { type Entries, type Layout, layout, takePieces } from "./task.ts";

/** What a worker is sent before its first launch. */
export interface WorkerSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Byte address of the control block. */
  readonly control: number;
  /** Which scratch address is its own. */
  readonly thread: number;
}

/** A worker, the same in every runtime. */
export interface WorkerHandle {
  /** Fulfilled when it has instantiated the kernels and waits for work. */
  readonly ready: Promise<void>;
  /** Called when the worker fails or ends unasked. */
  onFailure: (error: Error) => void;
  /** Whether the process has to stay for it. */
  keepAlive(needed: boolean): void;
  terminate(): void;
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
        on(event: string, listener: (value: WorkerSetup) => void): void;
        postMessage(message: unknown): void;
      };
    } | undefined;
  };
}

/**
 * The whole program of a worker: instantiate, then sleep until the epoch moves, take pieces, report. It is started from
 * its source text, because bundlers do not carry worker files along; so it closes over nothing.
 */
function workerProgram(take: typeof takePieces, at: Layout): void {
  const node = (globalThis as NodeHost).process?.getBuiltinModule?.("node:worker_threads")?.parentPort;
  const web = globalThis as unknown as {
    postMessage(message: unknown): void;
    onmessage: (event: { data: WorkerSetup }) => void;
  };
  const post = (message: unknown) => (node ?? web).postMessage(message);
  const serve = ({ module, memory, control, thread }: WorkerSetup) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const entries = Object.keys(exports).sort().map((name) => exports[name]) as unknown as Entries;
    const words = new Int32Array(memory.buffer, control, at.bytes / 4);
    const parameters = new Float64Array(memory.buffer, control + at.parametersByte);
    const bell = at.epoch + thread;
    let epoch = Atomics.load(words, bell);
    post({ ready: true });
    while (true) {
      Atomics.wait(words, bell, epoch);
      const next = Atomics.load(words, bell);
      if (next === epoch) continue;
      epoch = next;
      if (epoch < 0) return;
      try {
        take(words, parameters, entries, thread, at);
      } catch {
        Atomics.add(words, at.trapped, 1);
      }
      if (Atomics.sub(words, at.running, 1) === 1) Atomics.notify(words, at.running);
    }
  };
  if (node) node.on("message", serve);
  else web.onmessage = ({ data }) => serve(data);
}

/** Starts a worker: through node:worker_threads where it is there (Node, Deno, Bun), else from a blob URL. */
export function startWorker(setup: WorkerSetup): WorkerHandle {
  const source = `(${workerProgram})(${takePieces}, ${JSON.stringify(layout)})`;
  const node = (globalThis as NodeHost).process?.getBuiltinModule?.("node:worker_threads");
  return node ? startNodeWorker(new node.Worker(source, { eval: true }), setup) : startWebWorker(source, setup);
}

function startNodeWorker(worker: NodeWorker, setup: WorkerSetup): WorkerHandle {
  let asked = false;
  const handle: WorkerHandle = {
    ready: new Promise((resolve, reject) => {
      worker.on("message", () => resolve());
      worker.on("error", (error) => reject(error instanceof Error ? error : new Error(String(error))));
      worker.on("exit", () => reject(new Error("it ended unexpectedly")));
    }),
    onFailure() {},
    keepAlive: (needed) => needed ? worker.ref() : worker.unref(),
    terminate() {
      asked = true;
      worker.terminate();
    },
  };
  worker.on("error", (error) => handle.onFailure(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", () => asked || handle.onFailure(new Error("it ended unexpectedly")));
  worker.postMessage(setup);
  return handle;
}

function startWebWorker(source: string, setup: WorkerSetup): WorkerHandle {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { name: `minima ${setup.thread}` });
  const handle: WorkerHandle = {
    ready: new Promise((resolve, reject) => {
      worker.addEventListener("message", () => resolve());
      worker.addEventListener("error", (event) => reject(new Error(event.message || "it could not start")));
    }),
    onFailure() {},
    keepAlive() {},
    terminate: () => worker.terminate(),
  };
  worker.addEventListener("error", (event) => handle.onFailure(new Error(event.message || "it failed")));
  handle.ready.finally(() => URL.revokeObjectURL(url)).catch(() => {});
  worker.postMessage(setup);
  return handle;
}
