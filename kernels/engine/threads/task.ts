/** The words through which a caller and its workers agree on one launch; they live in the shared memory. */

/** Offsets in 32-bit words from the start of the control block, and in bytes for the parameters. */
export const layout = {
  /** Threads that share this launch. */
  threads: 0,
  /** Workers that have not finished this launch; the caller sleeps on it. */
  running: 1,
  /** Workers whose kernel trapped. */
  trapped: 2,
  /** Index of the export among the sorted names. */
  entry: 3,
  parameterCount: 4,
  extent: 5,
  pieces: 6,
  grain: 7,
  /** Sum of what the pieces returned. */
  value: 8,
  /** Not zero: workers that are woken return to their event loops, to be sent something. */
  listen: 9,
  /** First of one scratch address a thread. */
  scratch: 16,
  /** First of one launch number a thread, on which its worker sleeps. */
  epoch: 128,
  /** First of one word a thread that is not zero once its worker is to end, whether it sleeps or has yet to. */
  dismissed: 240,
  /** Byte offset of the f64 parameters, and of the words of structs among them. */
  parametersByte: 1536,
  structsByte: 2048,
  /** First of one count a thread: pieces taken of its share. */
  taken: 640,
  /** Size of the block in bytes. */
  bytes: 3072,
  /** How long a worker sleeps at a time, in milliseconds. */
  longestSleepMs: 1000,
  /** How long a thread watches a word before it sleeps on it, in milliseconds: to be woken takes as long. */
  watchMs: 0.1,
} as const;

/** Most threads that the control block holds scratch addresses for. */
export const mostThreads = 112;

/** Offsets of the control block. */
export type Layout = typeof layout;

/**
 * Watches a word for a moment, in which most launches follow on one another; whether it has changed.
 *
 * Closes over nothing: its source text also runs in the workers.
 */
export function watch(words: Int32Array, place: number, value: number, forMs: number): boolean {
  const until = performance.now() + forMs, pause = (Atomics as { pause?: () => void }).pause;
  do {
    for (let look = 0; look < 16; look++) {
      if (Atomics.load(words, place) !== value) return true;
      pause?.();
    }
  } while (performance.now() < until);
  return false;
}

/** An exported function. */
export type Entry = (...parameters: number[]) => number;

/** The exports of the modules in the order in which they were loaded, those of each by sorted name. */
export type Entries = readonly Entry[];

/** A module, and its exports in the calling thread. */
export interface LoadedModule {
  readonly module: WebAssembly.Module;
  readonly exports: Readonly<Record<string, Entry>>;
}

/**
 * Takes pieces of the current launch until none is left: those of its own share first, the same part of the extent in
 * every launch, so that rows stay in the cache of one core; then what others have left of theirs. The cuts depend on the
 * extent and the number of pieces alone, never on who takes which.
 *
 * Closes over nothing: its source text also runs in the workers.
 */
export function takePieces(
  words: Int32Array,
  parameters: Float64Array,
  entries: Entries,
  thread: number,
  at: Layout,
): void {
  const entry = entries[words[at.entry]];
  const values = Array.from(parameters.subarray(0, words[at.parameterCount]));
  const scratch = words[at.scratch + thread] >>> 0;
  const extent = words[at.extent], pieces = words[at.pieces], grain = words[at.grain], threads = words[at.threads];
  const cut = (piece: number) => Math.min(extent, Math.ceil(piece * extent / pieces / grain) * grain);
  let value = 0;
  for (let turn = 0; turn < threads; turn++) {
    const owner = (thread + turn) % threads, first = Math.floor(owner * pieces / threads);
    const share = Math.floor((owner + 1) * pieces / threads) - first;
    for (
      let taken = Atomics.add(words, at.taken + owner, 1);
      taken < share;
      taken = Atomics.add(words, at.taken + owner, 1)
    ) {
      const begin = cut(first + taken), end = cut(first + taken + 1);
      if (begin < end) value += entry(...values, begin, end, scratch) | 0;
    }
  }
  Atomics.add(words, at.value, value);
}
