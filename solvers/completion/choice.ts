/** What held-out entries choose: the width or the price, and whether there are offsets. @module */

import type { Course } from "./course.ts";
import { type Entries, rootMeanSquare, type Split } from "./entries.ts";
import { graduate, type Level, type Schedule } from "./graduation.ts";
import { type Factors, type Iterate, noFactors } from "./iterate.ts";
import { fitOffsets, misses, type Offsets } from "./offsets.ts";
import { scaled } from "./scaling.ts";
import { withinTime } from "./time_limit.ts";

/** What held-out entries say of each width or price. */
export interface HoldoutCurve {
  /** Widths or prices, falling, in the units of the values. */
  readonly levels: Float64Array;
  /** The same as shares of the largest singular value of the matrix filled with zeros. */
  readonly shares: Float64Array;
  /** Root mean square error at the held-out entries. */
  readonly errors: Float64Array;
  /** Number of singular values kept. */
  readonly ranks: Uint32Array;
  /** The largest of them at each level, at most 50, falling. */
  readonly singularValues: readonly Float64Array[];
  /** Which of them is the best; -1 where nothing is better than no part of low rank. */
  readonly best: number;
  /** Its error. */
  readonly error: number;
  /** Error without a part of low rank. */
  readonly baseline: number;
}

/** The best completion of the entries that are not held out. */
export interface Chosen {
  /** Fitted to the entries that are not held out; nothing where there are none. */
  readonly offsets: Offsets | undefined;
  /** The width or price in units of `scale`; 0 where there is nothing of low rank. */
  readonly level: number;
  readonly scale: number;
  readonly factors: Factors;
  /** In the units of the entries. */
  readonly curve: HoldoutCurve;
}

/** Singular values that the curve holds of each level. */
const mostShown = 50;

/** A path ends where the level has fallen to this share of the best one. */
const patience = 0.4;

/**
 * Standard errors by which a part of low rank must predict better than none: of many levels the best is always a little
 * better, on noise alone too.
 */
const clearly = 2;

/** Follows the schedule without the held-out entries, with and without offsets where that is open, and keeps the best. */
export async function choose(
  { fitted, held }: Split & { readonly held: Entries },
  offsets: boolean | undefined,
  schedule: Schedule,
  open: (entries: Entries) => Promise<Iterate>,
  course: Course,
): Promise<Chosen> {
  const ways = offsets === undefined ? [true, false] : [offsets];
  let best: Chosen | undefined;
  for (const way of ways) {
    const found = await follow(way, fitted, held, schedule, open, course);
    if (!best || found.curve.error < best.curve.error) best = found;
    if (course.ended()) break;
  }
  return best!;
}

async function follow(
  way: boolean,
  fitted: Entries,
  held: Entries,
  schedule: Schedule,
  open: (entries: Entries) => Promise<Iterate>,
  course: Course,
): Promise<Chosen> {
  const offsets = way ? await course.take(fitOffsets(fitted)) : undefined, { entries, scale } = scaled(fitted, offsets);
  const missed = misses(held, offsets), baseline = rootMeanSquare(missed, held.weights);
  const levels: number[] = [], shares: number[] = [], errors: number[] = [], ranks: number[] = [];
  const values: Float64Array[] = [];
  let best = -1, error = baseline, bestMissed = missed, level = 0, factors = noFactors, iterate: Iterate | undefined;
  const visit = async (iterate: Iterate, point: Level): Promise<boolean> => {
    const own = misses(held, offsets, scale, iterate.at(held.rows, held.columns));
    const here = rootMeanSquare(own, held.weights);
    levels.push(point.level * scale);
    shares.push(point.share);
    errors.push(here);
    ranks.push(iterate.values().length);
    values.push(iterate.values().slice(0, mostShown).map((value) => value * scale));
    if (here < error) {
      [best, error, bestMissed, level] = [errors.length - 1, here, own, point.level];
      factors = await iterate.factors();
    }
    // Above the largest singular value nothing has happened yet.
    if (point.share < 0.5 && point.level < patience * (level || Infinity) && best < errors.length - 1) {
      return !(best >= 0 || point.share < 0.5 * patience);
    }
    return true;
  };
  await withinTime(async () => {
    iterate = await open(entries);
    for await (const point of graduate(iterate, schedule, course)) if (!await visit(iterate, point)) break;
  });
  iterate?.release();
  if (best >= 0 && !areClearlyLess(bestMissed, missed, held.weights)) {
    [best, error, level, factors] = [-1, baseline, 0, noFactors];
  }
  // Where nothing is better than no part of low rank, that is the optimum of the convex problem at the first price.
  if (best < 0 && schedule.method === "soft-impute" && levels.length > 0) level = levels[0] / shares[0] / scale;
  return {
    offsets,
    level,
    scale,
    factors,
    curve: {
      levels: Float64Array.from(levels),
      shares: Float64Array.from(shares),
      errors: Float64Array.from(errors),
      ranks: Uint32Array.from(ranks),
      singularValues: values,
      best,
      error,
      baseline,
    },
  };
}

/**
 * Whether errors `e` are clearly less than others, `e + f`. Their squares differ by `2 e f + f^2`, of which the first is noise
 * about 0 where `f` has nothing to do with `e`: without an error left, there is no doubt.
 */
function areClearlyLess(errors: Float64Array, others: Float64Array, weights?: Float64Array): boolean {
  let difference = 0, noise = 0;
  for (let k = 0; k < errors.length; k++) {
    const e = errors[k], f = others[k] - e, weight = weights ? weights[k] : 1;
    difference += weight * (2 * e * f + f * f);
    noise += (2 * weight * e * f) ** 2;
  }
  return difference > clearly * Math.sqrt(noise);
}
