/**
 * The program of a worker that solves. Its module is loaded twice: by the service, for its address, and by the worker,
 * where it listens.
 *
 * @module
 */

import type { EngineOptions } from "../solvers/core/mod.ts";
import type { Answer, Job } from "./job.ts";

/** Address of this module, from which workers are started. */
export const workerUrl: string = import.meta.url;

/** What a worker is started with. */
export interface WorkerStart {
  readonly minimaSolver: true;
  readonly engine: EngineOptions;
}

/**
 * What a worker is sent: a job; that the one under way is not wanted any more; to let go of all it holds. Bytes travel as
 * whole buffers: of a view among them, Deno lists every element (2.9.5), in time and memory out of proportion, and fails
 * at 2^27.
 */
export type Order =
  | { readonly job: Omit<Job, "body">; readonly body: ArrayBuffer; readonly progress: boolean }
  | "abort"
  | "end";

/** What it sends. */
export type Notice =
  | { readonly ready: true }
  | { readonly ended: true }
  | { readonly progress: unknown }
  | { readonly failure: string }
  | {
    readonly answer: Omit<Answer, "parts">;
    readonly parts: readonly ArrayBuffer[];
    readonly memoryBytes: number;
  };

/** Bytes as a buffer of their own, copied where they are a part of one. */
export function wholeBuffer({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

interface Port {
  on(event: "message", listener: (order: Order) => void): void;
  postMessage(notice: Notice, transfer?: ArrayBuffer[]): void;
}

interface Threads {
  readonly isMainThread: boolean;
  readonly workerData: Partial<WorkerStart> | null;
  readonly parentPort: Port | null;
}

interface NodeProcess {
  readonly platform: string;
  getBuiltinModule?(name: string): unknown;
}

const { process } = globalThis as { process?: NodeProcess };
/** How much later the threads that solve come than the one that listens, where all want the processor. */
const niceness = 2;

/** On Linux the priority is each thread's own, and those that it starts inherit it; elsewhere it is the process's. */
function stepBack(): void {
  if (process?.platform !== "linux") return;
  const { setPriority } = process.getBuiltinModule?.("node:os") as typeof import("node:os");
  try {
    setPriority(0, niceness);
  } catch {
    // Not allowed here: all threads are alike then.
  }
}

async function listen(port: Port, engine: EngineOptions): Promise<void> {
  stepBack();
  const [{ runJob }, { routes }, { loadRoute }, { dispose, init, memoryUsage }] = await Promise.all([
    import("./run_job.ts"),
    import("./routes/mod.ts"),
    import("./route.ts"),
    import("../solvers/core/mod.ts"),
  ]);
  await init(engine);
  let control = new AbortController();
  port.on("message", async (order) => {
    if (order === "abort") return control.abort();
    if (order === "end") {
      await dispose();
      return port.postMessage({ ended: true });
    }
    control = new AbortController();
    const { body, progress } = order, job: Job = { ...order.job, body: new Uint8Array(body) };
    const onFailure = (error: unknown) =>
      port.postMessage({ failure: error instanceof Error ? error.stack ?? error.message : String(error) });
    const onProgress = progress ? (event: unknown) => port.postMessage({ progress: event }) : undefined;
    const route = await loadRoute(routes.find(({ path }) => path === job.path)!);
    const answer = await runJob(route, job, { signal: control.signal, onProgress: throttled(onProgress) }, onFailure);
    const { parts, ...rest } = answer, buffers = parts.map(wholeBuffer);
    port.postMessage({ answer: rest, parts: buffers, memoryBytes: memoryUsage().reserved }, [...new Set(buffers)]);
  });
  port.postMessage({ ready: true });
}

/** Least time between two progress events, in milliseconds. */
const progressMs = 100;

function throttled<E extends { elapsedMs: number }>(tell?: (event: E) => void): ((event: E) => void) | undefined {
  let last = -Infinity;
  return tell && ((event) => {
    if (event.elapsedMs - last < progressMs) return;
    last = event.elapsedMs;
    tell(event);
  });
}

const threads = process?.getBuiltinModule?.("node:worker_threads") as Threads | undefined;
if (threads?.isMainThread === false && threads.workerData?.minimaSolver && threads.parentPort) {
  await listen(threads.parentPort, threads.workerData.engine ?? {});
}
