/** From wide to narrow: the schedule that both methods share. @module */

import type { Course } from "./course.ts";
import type { Iterate } from "./iterate.ts";
import type { CompletionMethod } from "./options.ts";
import { withinTime } from "./time_limit.ts";
import { nuclearNorm, type Shrinkage, smoothedRank } from "./shrinkage.ts";

/** Settings of a schedule. */
export interface Schedule {
  readonly method: CompletionMethod;
  /** Factor from one level to the next. */
  readonly decay: number;
  /** Steps at each level. */
  readonly innerIterations: number;
  /** Share of the last change by which the steps of `srf` are extrapolated. @default 0 */
  readonly momentum?: number;
  /** Root mean square change over a level at which nothing changes any more. */
  readonly tolerance: number;
  /** The last level, as a share of the largest singular value. */
  readonly leastShare?: number;
  /** The last level itself. */
  readonly least?: number;
}

/** The matrix after the steps at one level: a width, or a price of the nuclear norm. */
export interface Level {
  readonly level: number;
  /** As a share of the largest singular value of the matrix filled with zeros. */
  readonly share: number;
  /** Root mean square change over the level. */
  readonly change: number;
  /** Nothing changes any more, or the last level was reached. */
  readonly settled: boolean;
}

/** First width as a share of the largest singular value: where the smoothed rank is all but the sum of squares. */
const firstWidth = 4;

/** Widths below which singular values are rounding; and the lowest price. */
const leastShares = { srf: 1e-7, "soft-impute": 1e-4 };

/** Steps at widths above the largest singular value: there, they go to the minimum at once. */
const wideSteps = 2;

/** What a step does at a level. */
export function shrinkageAt(method: CompletionMethod, level: number): Shrinkage {
  return method === "srf" ? smoothedRank(level) : nuclearNorm(level);
}

/**
 * Graduated steps, each level from the matrix of the one before: widths from four times the largest singular value `s` of
 * the zero-filled matrix on, prices from `s` on. The caller ends it by leaving the loop.
 */
export async function* graduate(iterate: Iterate, schedule: Schedule, course: Course): AsyncGenerator<Level> {
  const { method, decay, innerIterations, tolerance } = schedule, pause = () => course.pause();
  let largest = 0;
  await withinTime(async () => {
    largest = await iterate.largest(pause);
  });
  if (!(largest > 0)) return;
  const bottom = leastShares[method] * largest, asked = schedule.least ?? (schedule.leastShare ?? 0) * largest;
  const least = asked > 0 ? asked : bottom;
  let level = (method === "srf" ? firstWidth : decay) * largest;
  const first = level;
  for (;;) {
    level = Math.max(level, least);
    course.at("levels", 0.9 * Math.log(first / level) / Math.log(first / Math.max(bottom, 1e-4 * largest)));
    iterate.mark();
    const steps = method === "srf" && level > largest ? wideSteps : innerIterations;
    await withinTime(async () => {
      for (let step = 0; step < steps && !course.ended(); step++) {
        course.note(await iterate.step(shrinkageAt(method, level), pause, level < largest ? schedule.momentum : 0));
      }
    });
    const change = course.ended() ? Infinity : await iterate.change();
    const still = method === "srf" && change <= tolerance && level < largest / 2;
    const last = level <= least;
    yield { level, share: level / largest, change, settled: still || last && asked > 0 && !course.ended() };
    if (still || last || course.ended()) return;
    level *= decay;
  }
}

/** Momentum, in the parameter of its recurrence, from which it may begin anew. */
const startingOver = 8;

/**
 * Steps at one level until nothing changes over as many as the schedule has; whether that was reached. The steps of the
 * convex problem have momentum (Beck & Teboulle 2009), which begins anew where they become slower (Su, Boyd & Candes 2016);
 * that nothing changes any more is said of steps without.
 */
export async function settle(iterate: Iterate, schedule: Schedule, level: number, course: Course): Promise<boolean> {
  const { method, innerIterations, tolerance } = schedule, shrinkage = shrinkageAt(method, level);
  const convex = method === "soft-impute";
  let settled = false, accelerated = convex, t = 1, last = Infinity;
  await withinTime(async () => {
    while (!settled && !course.ended()) {
      iterate.mark();
      for (let step = 0; step < innerIterations && !course.ended(); step++) {
        const next = (1 + Math.sqrt(1 + 4 * t * t)) / 2, nesterov = accelerated ? (t - 1) / next : 0;
        course.note(await iterate.step(shrinkage, () => course.pause(), convex ? nesterov : schedule.momentum));
        t = next;
      }
      if (course.ended()) return;
      const change = await iterate.change();
      settled = !accelerated && change <= tolerance;
      accelerated = convex && change > tolerance;
      if (!accelerated || change < last && t > startingOver) t = 1;
      last = change;
    }
  });
  return settled;
}
