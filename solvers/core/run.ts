import type { ProgressEvent } from "./result.ts";
import type { SolveOptions } from "./solve_options.ts";

interface Host {
  Deno?: unknown;
  navigator?: { userAgent?: string };
  setImmediate?: (callback: () => void) => unknown;
}

const { Deno, navigator, setImmediate } = globalThis as Host;

/** Deno looks at its sockets on every 64th immediate only, and workerd not at all between messages. */
const turnsByTimer = Deno !== undefined || navigator?.userAgent === "Cloudflare-Workers";

/** Longest stretch of work between two turns of the event loop, in milliseconds; a turn by timer takes over 1 ms. */
const turnMs = turnsByTimer ? 50 : 25;

/** What {@linkcode Run.checkpoint} is told. */
export type Checkpoint = Omit<ProgressEvent, "elapsedMs">;

/** The course of one solve: its clock, its progress and its end. */
export interface Run {
  /** Milliseconds since the solve began. */
  elapsedMs(): number;
  /**
   * The one place for progress, abort and time limit: call it between kernels. Gives the event loop a turn every
   * 25 ms (50 ms in Deno and workerd), so that timers fire, servers answer and pages repaint.
   *
   * @returns whether the time limit has passed
   * @throws the signal's reason, once aborted
   */
  checkpoint(state: Checkpoint): Promise<boolean>;
}

/** Begins a run under resolved options; throws at once where the signal is aborted. */
export function startRun(
  { signal, timeLimitMs = Infinity, onProgress }: Pick<SolveOptions, "signal" | "timeLimitMs" | "onProgress">,
): Run {
  signal?.throwIfAborted();
  const started = performance.now();
  let lastTurn = started;
  return {
    elapsedMs: () => performance.now() - started,
    async checkpoint(state) {
      const now = performance.now();
      if (now - lastTurn >= turnMs) {
        await eventLoopTurn();
        lastTurn = performance.now();
      }
      signal?.throwIfAborted();
      onProgress?.({ ...state, elapsedMs: now - started });
      return now - started >= timeLimitMs;
    },
  };
}

/**
 * A real turn of the event loop: a resolved promise alone would starve timers and sockets, and so would
 * `scheduler.yield()`, whose continuation goes before timers. In pages `setTimeout` waits 4 ms; a message does not.
 */
function eventLoopTurn(): Promise<void> {
  if (turnsByTimer) return new Promise((resolve) => void setTimeout(resolve, 0));
  if (setImmediate) return new Promise((resolve) => void setImmediate(() => resolve()));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
