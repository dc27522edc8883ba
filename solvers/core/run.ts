import { operationsDone } from "../../kernels/engine/mod.ts";
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

/** Operations of a millisecond, and the milliseconds of a checkpoint, where no clock tells how long they took. */
const operationsOfMs = 4e6, checkpointMs = 1e-3;

/** What {@linkcode Run.checkpoint} is told. */
export type Checkpoint = Omit<ProgressEvent, "elapsedMs">;

/** A checkpoint of work that tells no progress of its own: true once the time is up. */
export type Pause = () => Promise<boolean>;

/** The course of one solve: its clock, its progress and its end. */
export interface Run {
  /** Milliseconds since the solve began. */
  elapsedMs(): number;
  /**
   * The one place for progress, abort and time limit: call it between kernels. Gives the event loop a turn every
   * 25 ms (50 ms in Deno and workerd), so that timers fire, servers answer and pages repaint. Where the clock stands
   * still during computation, work counts as time.
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
  const elapsedMs = startClock();
  let lastTurn = 0;
  return {
    elapsedMs,
    async checkpoint(state) {
      const now = elapsedMs();
      if (now - lastTurn >= turnMs) {
        await eventLoopTurn();
        lastTurn = elapsedMs();
      }
      signal?.throwIfAborted();
      onProgress?.({ ...state, elapsedMs: now });
      return now >= timeLimitMs;
    },
  };
}

/**
 * Milliseconds since this call. While the clock of the runtime does not move, what was done since it last moved is
 * added: kernels by their operations, and each look at the clock.
 */
function startClock(): () => number {
  const started = performance.now();
  let seen = started, mark = operationsDone(), looks = 0, latest = 0;
  return () => {
    const now = performance.now();
    if (now !== seen) [seen, mark, looks] = [now, operationsDone(), 0];
    else looks++;
    const added = looks * checkpointMs + (operationsDone() - mark) / operationsOfMs;
    return latest = Math.max(latest, now - started + added);
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
