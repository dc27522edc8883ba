/** From entries to an answer: the choice by held-out entries, and the schedule that it chose on all of them. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { DataError } from "../core/errors.ts";
import type { Status } from "../core/result.ts";
import { choose, type Chosen } from "./choice.ts";
import type { Course } from "./course.ts";
import { type Entries, split } from "./entries.ts";
import { graduate, type Schedule, settle } from "./graduation.ts";
import { type Factors, type Iterate, noFactors } from "./iterate.ts";
import { createIterate } from "./layout.ts";
import { fewPasses, fitOffsets } from "./offsets.ts";
import type { Found } from "./present.ts";
import { scaled } from "./scaling.ts";
import type { CompletionTask } from "./task.ts";
import { withinTime } from "./time_limit.ts";

/** What a caller says of the search. */
export interface SearchOptions {
  /** Whether there are offsets, where that is not left to the entries held out. */
  readonly offsets?: boolean;
  readonly holdout: number;
  readonly seed: number;
  /** The last width as a share, where it is not left to the entries held out. */
  readonly leastWidth?: number;
  /** The price in the units of the caller, likewise. */
  readonly lambda?: number;
}

/** Searches, and says what was found; the factors are in units of its scale. */
export async function solveCompletion(
  workspace: Workspace,
  task: CompletionTask,
  { offsets: wanted, holdout, seed, leastWidth, lambda }: SearchOptions,
): Promise<{ readonly found: Found; readonly factors: Factors }> {
  const { entries, course, schedule, layout, units } = task, { method } = schedule;
  const known = method === "srf" ? leastWidth : lambda, searches = known === undefined && !course.ended();
  const parts = searches ? await course.take(split(entries, holdout, seed)) : { fitted: entries }, { held } = parts;
  if (method === "soft-impute" && searches && !held) {
    throw new DataError(
      "observed",
      `Cannot complete the matrix: too few entries to hold some out (${entries.values.length}); give "lambda".`,
    );
  }
  const open = (fitted: Entries) => createIterate(workspace, fitted, layout, seed, course.pause);
  let chosen: Chosen | undefined, status: Status | undefined;
  if (held) chosen = await choose({ ...parts, held }, wanted, schedule, open, course);
  // A limit ends it in the middle of the choice: the best so far.
  let { offsets, scale, level, factors } = chosen ?? { offsets: undefined, scale: 1, level: 0, factors: noFactors };
  if (!course.ended()) {
    const own = (chosen ? offsets : wanted) ? await course.take(fitOffsets(entries)) : undefined;
    const rest = scaled(entries, own), least = level * scale / rest.scale;
    // The schedule that was held against the entries held out, now with them: not from its answer, and not beyond it.
    const last = chosen
      ? { least }
      : method === "srf"
      ? { leastShare: leastWidth }
      : { least: lambda! / (rest.scale * units * task.largestWeight) };
    const reached = chosen && chosen.curve.best < 0
      ? { level: least, factors: noFactors, settled: true }
      : await followTo(() => open(rest.entries), { ...schedule, ...last }, course);
    if (reached.settled) status = "converged";
    // What was held against other entries is better than what has not come as far.
    if (reached.settled || !chosen) {
      [offsets, scale, level, factors] = [own, rest.scale, reached.level, reached.factors];
    }
  } else if (!chosen && wanted !== false) offsets = await course.take(fitOffsets(entries));
  status ??= course.ended() ?? "precision-limit";
  const beside = offsets || wanted === false ? undefined : await course.take(fitOffsets(entries, fewPasses));
  const tooFew = searches && holdout > 0 && !held, curve = chosen?.curve;
  return { found: { ...task, method, offsets, beside, scale, level, status, tooFew, holdout: curve }, factors };
}

/** The schedule from its first level to its last; and at the last price until nothing changes. */
async function followTo(open: () => Promise<Iterate>, schedule: Schedule, course: Course) {
  let level = 0, settled = false, factors = noFactors;
  await withinTime(async () => {
    const iterate = await open();
    for await (const point of graduate(iterate, schedule, course)) ({ level, settled } = point);
    if (schedule.method === "soft-impute" && level > 0 && !course.ended()) {
      settled = await settle(iterate, schedule, level, course);
    }
    // Nothing but zeros has no level, and nothing to settle.
    settled ||= level === 0 && !course.ended();
    factors = await iterate.factors();
    iterate.release();
  });
  return { level, settled, factors };
}
