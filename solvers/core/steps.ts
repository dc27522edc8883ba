/** Long sums in plain JavaScript, which must let go of the event loop now and then. @module */

/**
 * Work that yields wherever a checkpoint is due, and is told there whether the time is up. A generator and not an asynchronous
 * function, so that what is small runs through without ever waiting.
 */
export type Steps<T> = Generator<void, T, boolean>;

/** Operations between two checkpoints: about a millisecond. */
const workTogether = 1e6;

/** Counts operations; true once there are enough of them for a checkpoint, when the count begins again. */
export function createPace(most = workTogether): (work: number) => boolean {
  let done = 0;
  return (work) => {
    done += work;
    if (done < most) return false;
    done = 0;
    return true;
  };
}

/**
 * Visits the ranges of `[0, count)` in turn, each of `work` operations an index, with a checkpoint between them. Loops belong
 * into `visit`: engines compile functions while they run, but not generators. Long loops belong into a function of the
 * module that `visit` calls: what is compiled of a closure goes with it, and the next call begins anew.
 *
 * @returns whether the time is up
 */
export function* inRanges(count: number, work: number, visit: (begin: number, end: number) => void): Steps<boolean> {
  const length = Math.max(1, Math.floor(workTogether / Math.max(1, work)));
  let late = false;
  for (let begin = 0; begin < count; begin += length) {
    if (begin > 0) late = (yield) || late;
    visit(begin, Math.min(count, begin + length));
  }
  return late;
}

/** Takes the steps, with a pause wherever one is due. @param pause true once the time is up */
export async function inSteps<T>(steps: Steps<T>, pause: () => Promise<boolean>): Promise<T> {
  let next = steps.next(false);
  while (!next.done) next = steps.next(await pause());
  return next.value;
}

/** Takes the steps with pauses that end them by throwing alone. */
export function throughSteps<T>(steps: Steps<T>, pause: () => Promise<unknown>): Promise<T> {
  return inSteps(steps, async () => {
    await pause();
    return false;
  });
}

/** Takes the steps without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  let next = steps.next(false);
  while (!next.done) next = steps.next(false);
  return next.value;
}

/** Steps to their end, whatever the time. */
export function* whateverTheTime<T>(steps: Steps<T>): Steps<T> {
  let next = steps.next(false);
  while (!next.done) {
    yield;
    next = steps.next(false);
  }
  return next.value;
}

/** Steps until the time is up; nothing then. */
export function* untilTimeIsUp<T>(steps: Steps<T>): Steps<T | undefined> {
  let next = steps.next(false);
  while (!next.done) {
    if (yield) return undefined;
    next = steps.next(false);
  }
  return next.value;
}
