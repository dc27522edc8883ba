import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import type { Resolved } from "../core/options.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { throughSteps } from "../core/steps.ts";
import { plattCalibration, type ProbabilityScale } from "./calibration.ts";
import { withinTime } from "./time_limit.ts";
import { present, type Reached, type Transduction, type TransductionCurve } from "./transduction_answer.ts";
import { type Course, foreseenSteps, startCourse } from "./transduction_course.ts";
import {
  feature,
  type HeldOut,
  holdOut,
  jointMatrix,
  label,
  type PartlyLabelled,
  standardsOf,
} from "./transduction_data.ts";
import { createTransduction, type TransductionIterate } from "./transduction_iterate.ts";
import { type OpenTransduceOptions, type TransduceOptions, transduceOptions } from "./transduction_options.ts";

type ResolvedOptions = Resolved<TransduceOptions, OpenTransduceOptions>;

/** First width as a share of the largest singular value, and the last where errors still fall. */
const firstWidth = 4, lastWidth = 0.02;

/** A search for the width ends where it has fallen to this share of the best one. */
const patience = 0.4;

/** Fewest held-out features, other than their mean, by which a width is chosen, and the width where there are fewer. */
const leastHeld = 10, defaultWidth = 0.4;

/**
 * Predicts labels of items from features, where both are known in part: features and labels are one matrix of low rank,
 * completed by the smoothed rank function `F(Z) = sum 1 - exp(-s^2 / 2 width^2)` of its singular values while the width
 * falls. Features are standardised, and labels centred, by what is observed of them; labels need no features to be
 * complete, and items of which no label is known are predicted by their features and by the other items.
 *
 * The width must not fall to zero on real data: a share of the observed features is held out to say where it stops, and the
 * same schedule then runs on all that is observed. Labels that are held out beside them calibrate the probabilities.
 * O(items d^2 + d^3) a step for `d` features and labels, and some 100 steps.
 *
 * @param data Features [items, features] with NaN for what is missing, labels [items, labels] of 1, -1 and NaN.
 * @throws {ShapeError} when the tables do not fit together, or are empty
 * @throws {DataError} for a label that is none, an infinite feature, and where nothing is observed
 * @throws {OptionError} for an option out of its range
 *
 * Based on Esmaeili, Behdin, Fakharian & Marvasti (2018, arXiv:1805.07561); the smoothed rank function of Malek-Mohammadi,
 * Babaie-Zadeh, Amini & Jutten (2014).
 *
 * @example
 * ```ts
 * import { fromRows, transduce } from "@minima/minima";
 * const features = fromRows([[1, 2], [2, 4.1], [-1, -2], [-2, NaN], [1.5, 3], [-1.6, -3]]);
 * const labels = fromRows([[1], [1], [-1], [-1], [NaN], [NaN]]);
 * const { labels: found } = await transduce({ features, labels }, { holdout: 0, leastWidth: 0.3 });
 * if (found[4] !== 1 || found[5] !== -1) throw new Error("as the first, and as the third");
 * ```
 */
export async function transduce(data: PartlyLabelled, options?: TransduceOptions): Promise<Transduction> {
  const resolved = resolveOptions(transduceOptions, options, "transduction"), run = startRun(resolved);
  const course = startCourse(run, resolved.maxIterations), joint = await throughSteps(jointMatrix(data), course.hear);
  const { items, features, labels } = joint, small = Math.min(items, features + labels);
  const flops = foreseenSteps * (4 * items * (features + labels) * small + 15 * small ** 3);
  const families = [denseFamily, spectralFamily];
  const workspace = await openWorkspace({ ...resolved, families, dtype: "f64", flops });
  try {
    let share = resolved.leastWidth, curve: TransductionCurve | undefined, calibration: ProbabilityScale | undefined;
    if (resolved.holdout > 0) {
      await withinTime(course.pause);
      const searched = course.ended() ? undefined : await search(
        workspace,
        await throughSteps(holdOut(joint, resolved.holdout, createRandom(resolved.seed)), course.hear),
        resolved,
        course,
      );
      curve = searched?.curve;
      calibration = searched?.calibration;
      share ??= searched?.share;
    }
    share ??= defaultWidth;
    const standards = await throughSteps(standardsOf(joint, resolved.labelWeight), course.hear);
    const found = { joint, standards, resolved, curve, calibration, course };
    const answer = (reached: Reached | undefined) =>
      throughSteps(present({ ...found, reached }, run, workspace.plan), course.hear);
    // Means alone are the answer where the time is up.
    if (course.ended() === "time-limit") return await answer(undefined);
    const iterate = await throughSteps(createTransduction(workspace, joint, standards, resolved), course.hear);
    const width = await follow(iterate, share, resolved, course);
    if (course.ended() !== "time-limit") await withinTime(() => iterate.decompose(course.pause));
    const singular = await throughSteps(iterate.lastDecomposed(), course.hear);
    return await answer(singular && { width, singular, whole: iterate.whole() });
  } finally {
    workspace.release();
  }
}

/** Steps from the widest width down to a share of the largest singular value; returns the last width. */
async function follow(
  iterate: TransductionIterate,
  share: number,
  { widthDecay, innerIterations }: ResolvedOptions,
  { trace, ended, pause }: Course,
  visit: (share: number) => boolean = () => true,
): Promise<number> {
  let current = Math.max(firstWidth, share), used = current;
  if (!ended()) await withinTime(() => iterate.measure(pause));
  for (;;) {
    await withinTime(async () => {
      for (let step = 0; step < innerIterations && !ended(); step++) {
        used = current;
        trace.push(await iterate.step(current * iterate.largest || 1, pause));
      }
    });
    if (ended() || !visit(current) || current <= share) return used * iterate.largest || 1;
    current = Math.max(current * widthDecay, share);
  }
}

/** Follows the schedule without the held-out features and labels; the best width, and a calibration at it. */
async function search(workspace: Workspace, held: HeldOut, resolved: ResolvedOptions, course: Course) {
  const { fitted, features, labels } = held;
  if (!fitted.kinds.includes(label) || !fitted.kinds.includes(feature)) return undefined;
  if (features.length < leastHeld && resolved.leastWidth === undefined) return undefined;
  const standards = await throughSteps(standardsOf(fitted, resolved.labelWeight), course.hear),
    { centres, scales } = standards;
  const iterate = await throughSteps(createTransduction(workspace, fitted, standards, resolved), course.hear);
  const width = fitted.features + fitted.labels, shares: number[] = [], errors: number[] = [];
  // What is no other than the mean of its column, as all of a constant one is, says nothing of widths.
  const saying = features.filter((at) => fitted.values[at] !== centres[at % width]).length;
  const given = resolved.leastWidth ?? (saying < leastHeld ? defaultWidth : undefined);
  let best = 0, scores = new Float64Array(labels.length);
  const visit = (share: number) => {
    let sum = 0;
    for (const at of features) {
      sum += ((fitted.values[at] - centres[at % width]) / scales[at % width] - iterate.at(at)) ** 2;
    }
    shares.push(share);
    errors.push(Math.sqrt(sum / Math.max(1, features.length)));
    const last = errors.length - 1;
    if (given !== undefined || errors[last] <= errors[best]) {
      best = last;
      scores = Float64Array.from(labels, (at) => scales[at % width] * iterate.at(at) + centres[at % width]);
    }
    return given !== undefined || shares[last] > patience * shares[best];
  };
  await follow(iterate, given ?? lastWidth, resolved, course, visit);
  iterate.release();
  if (course.ended() || errors.length === 0) return undefined;
  const calibration = plattCalibration(scores, Array.from(labels, (at) => fitted.values[at]));
  const byDefault = given !== resolved.leastWidth;
  const curve = byDefault ? undefined : { shares: Float64Array.from(shares), errors: Float64Array.from(errors), best };
  return { share: shares[best], curve, calibration };
}
