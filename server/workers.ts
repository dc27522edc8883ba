/** Solves in worker threads that can be ended: the thread that listens only moves bytes. @module */

import type { ProgressEvent } from "../solvers/core/mod.ts";
import type { Answer, Hold, Job, Solver, WorkerEnd } from "./job.ts";
import type { Settings } from "./options.ts";
import { Problem } from "./problem.ts";
import { problemAnswer } from "./run_job.ts";
import { runtime } from "./runtime.ts";
import type { Notice, Order, WorkerStart } from "./worker.ts";

/**
 * How long a solve may take beyond its limit, and a client that left wait for its end, before its worker is ended. What
 * comes after the limit, the certificate of a large answer first of all, takes as long as the limit again at most.
 */
const leastGraceMs = 5000, abortMs = 1000;
/** Workers that are started before there is work: more cost time and memory that may never be asked for. */
const mostPrepared = 4;
/** How long the threads of a worker take to end. */
const endMs = 100;

interface NodeWorker {
  postMessage(order: Order, transfer?: ArrayBuffer[]): void;
  on(event: "message", listener: (notice: Notice) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "exit", listener: () => void): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

interface Threads {
  Worker: new (url: URL, options: { workerData: WorkerStart }) => NodeWorker;
}

/** One worker, and what it is doing. */
interface Colleague {
  readonly worker: NodeWorker;
  readonly ready: Promise<void>;
  /** Told of what the worker sends, and of its end. */
  hear: (notice: Notice | Error) => void;
  idle?: ReturnType<typeof setTimeout>;
  /** What its kernels held after its last job. */
  memoryBytes: number;
}

/**
 * Solvers in workers, as many as solve at once; nothing where none can be started: in a runtime without them, or where
 * all modules were bundled into one.
 */
export async function createWorkerSolver(settings: Settings): Promise<Solver | undefined> {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const threads = process?.getBuiltinModule?.("node:worker_threads") as Threads | undefined;
  if (!threads?.Worker || runtime() === "workerd") return undefined;
  const { wholeBuffer, workerUrl } = await import("./worker.ts");
  if (workerUrl === import.meta.url) return undefined;

  const engine = {
    maximumMemoryBytes: settings.memoryLimitBytes,
    maximumReferenceBytes: settings.referenceLimitBytes,
    ...!settings.backends.includes("webgpu") && { crossovers: { webgpu: Infinity } },
  };
  let starting: Promise<unknown> = Promise.resolve();
  const free: Colleague[] = [], all = new Set<Colleague>();
  const ended: Record<WorkerEnd, number> = { idle: 0, lost: 0, late: 0, left: 0, closed: 0 };

  function start(): Colleague {
    const worker = new threads!.Worker(new URL(workerUrl), { workerData: { minimaSolver: true, engine } });
    let started = () => {}, failed = (_: Error) => {};
    const ready = new Promise<void>((resolve, reject) => [started, failed] = [resolve, reject]);
    ready.catch(() => {});
    const colleague: Colleague = { worker, ready, hear() {}, memoryBytes: 0 };
    const lost = (error: Error) => {
      dismiss(colleague, "lost");
      failed(error);
      colleague.hear(error);
    };
    worker.on("message", (notice) => "ready" in notice ? started() : colleague.hear(notice));
    worker.on("error", lost);
    worker.on("exit", () => lost(new Error("it ended")));
    all.add(colleague);
    return colleague;
  }

  function dismiss(colleague: Colleague, why: WorkerEnd): void {
    if (!all.delete(colleague)) return;
    ended[why]++;
    clearTimeout(colleague.idle);
    const place = free.indexOf(colleague);
    if (place >= 0) free.splice(place, 1);
    colleague.worker.terminate();
  }

  /** Lets a worker end its own threads first: Deno leaves them, and the memory that they share, behind. */
  function retire(colleague: Colleague): void {
    const place = free.indexOf(colleague);
    if (place >= 0) free.splice(place, 1);
    const timer = setTimeout(() => dismiss(colleague, "idle"), abortMs);
    colleague.hear = (notice) => {
      if (!("ended" in notice)) return;
      clearTimeout(timer);
      // They end in their own time, once they have been told.
      setTimeout(() => dismiss(colleague, "idle"), endMs);
    };
    colleague.worker.postMessage("end");
  }

  /** Its memory goes with it, once it has had nothing to do for a while. */
  function rest(colleague: Colleague): void {
    if (!all.has(colleague)) return;
    free.push(colleague);
    colleague.worker.unref();
    colleague.idle = setTimeout(() => retire(colleague), settings.idleMs);
    (colleague.idle as { unref?: () => void }).unref?.();
  }

  /** What a worker says of its job, until it has answered or is lost. */
  function listen(colleague: Colleague, job: Job, { signal, onProgress }: Hold): Promise<Answer> {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const after = (ms: number, why: WorkerEnd, problem: () => Problem) =>
      timers.add(setTimeout(() => {
        // First the answer: Deno tells of the end of a worker while it is asked to end.
        colleague.hear(problem());
        colleague.hear = () => {};
        dismiss(colleague, why);
      }, ms));
    const leave = () => {
      colleague.worker.postMessage("abort");
      after(abortMs, "left", () => new Problem(499, "The client closed the request."));
    };
    return new Promise<Answer>((resolve) => {
      colleague.hear = (notice) => {
        if (notice instanceof Problem) resolve(problemAnswer(notice));
        else if (notice instanceof Error) {
          settings.onFailure(notice);
          resolve(problemAnswer(lostWorker()));
        } else if ("answer" in notice) {
          colleague.memoryBytes = notice.memoryBytes;
          resolve({ ...notice.answer, parts: notice.parts.map((part) => new Uint8Array(part)) });
        } else if ("failure" in notice) settings.onFailure(new Error(notice.failure));
        else if ("progress" in notice) onProgress?.(notice.progress as ProgressEvent);
      };
      signal.addEventListener("abort", leave);
      after(
        job.limits.timeLimitMs + Math.max(job.limits.timeLimitMs, leastGraceMs),
        "late",
        () =>
          new Problem(503, "The solve did not end in time, and was given up.", { headers: { "retry-after": "60" } }),
      );
      const { body, ...rest } = job, buffer = wholeBuffer(body);
      colleague.worker.postMessage({ job: rest, body: buffer, progress: onProgress !== undefined }, [buffer]);
    }).finally(() => {
      signal.removeEventListener("abort", leave);
      for (const timer of timers) clearTimeout(timer);
      colleague.hear = () => {};
    });
  }

  /** Deno's thread stands still while it starts one, 40 ms and more: between two, it answers others. */
  function startInTurn(): Promise<Colleague> {
    const started = starting.then(start);
    starting = started.then(() => new Promise((resolve) => setTimeout(resolve)));
    return started;
  }

  return {
    async solve(job, hold) {
      const colleague = free.pop() ?? await startInTurn();
      clearTimeout(colleague.idle);
      colleague.worker.ref();
      try {
        await colleague.ready;
      } catch (error) {
        settings.onFailure(error);
        return problemAnswer(lostWorker());
      }
      // It may have been given up while the worker started.
      const answer = hold.signal.aborted
        ? problemAnswer(new Problem(499, "The client closed the request."))
        : await listen(colleague, job, hold);
      rest(colleague);
      return answer;
    },
    async prepare() {
      while (all.size < Math.min(settings.concurrency, mostPrepared)) {
        const colleague = await startInTurn();
        await colleague.ready;
        rest(colleague);
      }
    },
    usage: () => ({
      workers: all.size,
      ended: { ...ended },
      memoryBytes: [...all].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    }),
    close() {
      for (const colleague of all) dismiss(colleague, "closed");
    },
  };
}

function lostWorker(): Problem {
  return new Problem(503, "The worker that solved this was lost; try again.", { headers: { "retry-after": "1" } });
}
