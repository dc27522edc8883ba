import { Problem } from "./problem.ts";
import type { Settings } from "./options.ts";

/** Places for requests that solve, and a queue before them. */
export interface Slots {
  /**
   * Takes a place as soon as one is free, and gives what returns it; returning twice does nothing.
   *
   * @throws {Problem} 503 when too many wait, or none was free in time; the reason of the signal, once aborted
   */
  take(signal: AbortSignal): Promise<() => void>;
  /** Requests that hold a place, those that wait, and those that were refused so far. */
  usage(): SlotsUsage;
  /** Refuses those that wait, and all later ones. */
  close(): void;
}

/** Places in numbers. */
export interface SlotsUsage {
  readonly solving: number;
  readonly waiting: number;
  /** By the reason: the queue was full, the wait too long, the service about to end. */
  readonly refused: Readonly<Record<Refusal, number>>;
}

type Refusal = "full" | "late" | "ending";

interface Waiting {
  start(): void;
  refuse(problem: Problem): void;
}

/** A fixed number of places: first come, first served, by a queue that is bounded in number and in time. */
export function createSlots({ concurrency, queue, queueLimitMs }: Settings): Slots {
  const waiting: Waiting[] = [], started = new Set<{ at: number }>();
  const refused = { full: 0, late: 0, ending: 0 };
  let closed = false, meanMs = 50;

  function give(): () => void {
    const place = { at: performance.now() };
    started.add(place);
    return () => {
      if (!started.delete(place)) return;
      meanMs += 0.1 * (performance.now() - place.at - meanMs);
      waiting.shift()?.start();
    };
  }

  /** When a place is likely to be free: by how long requests took of late, and how long those under way have taken. */
  function refusal(reason: Refusal, detail: string): Problem {
    refused[reason]++;
    const now = performance.now(), ages = [...started].map(({ at }) => now - at);
    const foreseen = Math.max(meanMs, ...ages) * (1 + waiting.length / concurrency);
    const seconds = Math.min(3600, Math.max(1, Math.ceil(foreseen / 1000)));
    return new Problem(503, `${detail}; try again in ${seconds} s.`, { headers: { "retry-after": String(seconds) } });
  }

  return {
    async take(signal) {
      signal.throwIfAborted();
      if (closed) throw refusal("ending", "The service is about to end");
      if (started.size < concurrency) return give();
      if (waiting.length >= queue) {
        throw refusal("full", `All ${concurrency} solves that may run at once are running, and ${waiting.length} wait`);
      }
      let timer: ReturnType<typeof setTimeout> | undefined, leave = () => {};
      try {
        return await new Promise<() => void>((resolve, reject) => {
          const entry: Waiting = { start: () => resolve(give()), refuse: reject };
          const withdraw = (reason: unknown) => {
            const place = waiting.indexOf(entry);
            if (place < 0) return;
            waiting.splice(place, 1);
            reject(reason);
          };
          waiting.push(entry);
          leave = () => withdraw(signal.reason);
          signal.addEventListener("abort", leave);
          timer = setTimeout(
            () => withdraw(refusal("late", `No place was free within ${queueLimitMs} ms`)),
            queueLimitMs,
          );
        });
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", leave);
      }
    },
    usage: () => ({ solving: started.size, waiting: waiting.length, refused: { ...refused } }),
    close() {
      closed = true;
      for (const { refuse } of waiting.splice(0)) refuse(refusal("ending", "The service is about to end"));
    },
  };
}
