import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { spectralFamily } from "../../kernels/families/spectral.ts";
import { certified } from "../core/certificate.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { createRandom } from "../core/random.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Result, Status } from "../core/result.ts";
import { type Run, startRun } from "../core/run.ts";
import { throughSteps } from "../core/steps.ts";
import { plattCalibration, type ProbabilityScale } from "./calibration.ts";
import {
  type HeldOut,
  holdOut,
  type JointMatrix,
  jointMatrix,
  label,
  missing,
  type PartlyLabelled,
  type Standards,
  standardsOf,
} from "./transduction_data.ts";
import { createTransduction, dataTerm, standardised, type TransductionIterate } from "./transduction_iterate.ts";
import { timeIsUp, withinTime } from "./time_limit.ts";
import { type OpenTransduceOptions, type TransduceOptions, transduceOptions } from "./transduction_options.ts";

/** Features and labels that were filled in. */
export interface Transduction extends Result {
  /** [items, features] in the units of the data: as observed (drawn to it, by `soft`), and filled in. */
  readonly features: Matrix;
  /** [items, labels]: their sign is the label; comparable across the labels of an item. */
  readonly scores: Matrix;
  /** [items * labels], row by row: 1 or -1, as observed where it was. */
  readonly labels: Int8Array;
  /** Probabilities of label 1 [items, labels], where enough labels could be held out to calibrate them. */
  readonly probabilities?: Matrix;
  /** How they follow from scores. */
  readonly calibration?: ProbabilityScale;
  /** The last width, in standardised units. */
  readonly width: number;
  /** Singular values of the joint matrix above the width. */
  readonly rank: number;
  /** Errors at held-out features by width, where widths were chosen by them. */
  readonly holdout?: TransductionCurve;
  /** In sentences: items, features and labels of which nothing is observed. */
  readonly remarks: readonly string[];
}

/** What held-out features say of each width. */
export interface TransductionCurve {
  /** Widths as shares of the largest singular value of what is observed, falling. */
  readonly shares: Float64Array;
  /** Root mean square errors of held-out features, in standardised units. */
  readonly errors: Float64Array;
  /** Which of them is the best. */
  readonly best: number;
}

type ResolvedOptions = Resolved<TransduceOptions, OpenTransduceOptions>;

/** First width as a share of the largest singular value, and the last where errors still fall. */
const firstWidth = 4, lastWidth = 0.02;

/** A search for the width ends where it has fallen to this share of the best one. */
const patience = 0.4;

/** Fewest held-out features by which a width is chosen, and the width where there are fewer. */
const leastHeld = 10, defaultWidth = 0.4;

/** Steps that a solve is planned for. */
const foreseenSteps = 200;

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
        holdOut(joint, resolved.holdout, createRandom(resolved.seed)),
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
    // Means alone are the answer where the time is up.
    if (course.ended() === "time-limit") return present({ ...found, ...byMeans(joint, standards) }, run, workspace);
    const iterate = createTransduction(workspace, joint, standards, resolved);
    const width = await follow(iterate, share, resolved, course);
    if (course.ended() !== "time-limit") await withinTime(() => iterate.decompose(course.pause));
    const singular = iterate.lastDecomposed();
    const reached = singular ? { width, singular, whole: iterate.whole() } : byMeans(joint, standards);
    return present({ ...found, ...reached }, run, workspace);
  } finally {
    workspace.release();
  }
}

/** What is filled with means is the optimum at endless widths, where the smoothed rank is a sum of squares. */
function byMeans(joint: JointMatrix, standards: Standards): Pick<Found, "width" | "singular" | "whole"> {
  const whole = standardised(joint, standards);
  let squares = 0;
  for (let at = 0; at < whole.length; at++) squares += whole[at] * whole[at];
  const norm = Math.sqrt(squares);
  return { width: endless * norm || 1, singular: Float64Array.of(norm), whole };
}

/** Width, as a multiple of all singular values together, at which the smoothed rank is their sum of squares. */
const endless = 2 ** 27;

/** Steps, and what ends them. */
interface Course {
  readonly trace: number[];
  ended(): Status | undefined;
  /** @throws {typeof timeIsUp} at the time limit, and the reason of an abort */
  pause(): Promise<void>;
  /** The same for what an answer needs, however late it is. @throws the reason of an abort */
  hear(): Promise<void>;
}

function startCourse(run: Run, maxIterations: number): Course {
  const trace: number[] = [];
  let late = false;
  const hear = async () => {
    const iteration = trace.length, fraction = Math.min(1, iteration / foreseenSteps);
    late = await run.checkpoint({ stage: "transduction", fraction, iteration, objective: trace.at(-1) }) || late;
  };
  return {
    trace,
    ended: () => late ? "time-limit" : trace.length >= maxIterations ? "iteration-limit" : undefined,
    async pause() {
      await hear();
      if (late) throw timeIsUp;
    },
    hear,
  };
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
  const some = fitted.kinds.some((kind) => kind === label) &&
    fitted.kinds.some((kind) => kind !== label && kind !== missing);
  if (!some || (features.length < leastHeld && resolved.leastWidth === undefined)) return undefined;
  const standards = await throughSteps(standardsOf(fitted, resolved.labelWeight), course.hear),
    { centres, scales } = standards;
  const iterate = createTransduction(workspace, fitted, standards, resolved);
  const width = fitted.features + fitted.labels, shares: number[] = [], errors: number[] = [];
  let best = 0, scores = new Float64Array(labels.length);
  const visit = (share: number) => {
    let sum = 0;
    for (const at of features) {
      sum += ((fitted.values[at] - centres[at % width]) / scales[at % width] - iterate.at(at)) ** 2;
    }
    shares.push(share);
    errors.push(Math.sqrt(sum / Math.max(1, features.length)));
    const last = errors.length - 1, given = resolved.leastWidth !== undefined;
    if (given || errors[last] <= errors[best]) {
      best = last;
      scores = Float64Array.from(labels, (at) => scales[at % width] * iterate.at(at) + centres[at % width]);
    }
    return given || shares[last] > patience * shares[best];
  };
  await follow(iterate, resolved.leastWidth ?? lastWidth, resolved, course, visit);
  iterate.release();
  if (course.ended() || errors.length === 0) return undefined;
  const calibration = plattCalibration(scores, Array.from(labels, (at) => fitted.values[at]));
  const curve = { shares: Float64Array.from(shares), errors: Float64Array.from(errors), best };
  return { share: shares[best], curve, calibration };
}

interface Found {
  readonly joint: JointMatrix;
  readonly standards: Standards;
  /** The joint matrix [items, features + labels], filled in, in standardised units. */
  readonly whole: ArrayLike<number>;
  readonly width: number;
  /** Its singular values. */
  readonly singular: Float64Array;
  readonly resolved: ResolvedOptions;
  readonly curve?: TransductionCurve;
  readonly calibration?: ProbabilityScale;
  readonly course: Course;
}

function present(found: Found, run: Run, workspace: Workspace): Transduction {
  const { joint, standards, whole, width, singular, resolved, curve, calibration, course } = found;
  const { centres, scales } = standards;
  const { items, features: featureCount, labels: labelCount, kinds, values } = joint,
    columns = featureCount + labelCount;
  const features = matrix(items, featureCount),
    scores = matrix(items, labelCount),
    labels = new Int8Array(items * labelCount);
  const probabilities = calibration && matrix(items, labelCount);
  const keeps = resolved.method !== "soft";
  for (let i = 0, at = 0, place = 0; i < items; i++) {
    for (let j = 0; j < featureCount; j++, at++, place++) {
      // What is kept is kept to the last digit.
      features.data[place] = keeps && kinds[at] !== missing ? values[at] : scales[j] * whole[at] + centres[j];
    }
    at += labelCount;
  }
  for (let i = 0, place = 0; i < items; i++) {
    for (let j = featureCount, at = i * columns + j; j < columns; j++, at++, place++) {
      const value = scales[j] * whole[at] + centres[j], known = kinds[at] === label;
      scores.data[place] = value;
      labels[place] = known ? values[at] : value > 0 ? 1 : -1;
      if (probabilities) {
        const { slope, shift } = calibration;
        probabilities.data[place] = known ? (values[at] + 1) / 2 : 1 / (1 + Math.exp(-(slope * value + shift)));
      }
    }
  }
  const smoothed = singular.reduce((sum, value) => sum - Math.expm1(-value * value / (2 * width * width)), 0);
  const objective = resolved.method === "soft"
    ? width * width * smoothed + dataTerm(whole, joint, standards, resolved)
    : smoothed;
  return {
    ...certified({ status: course.ended() ?? "converged", objective, searched: "compared" }),
    features,
    scores,
    labels,
    ...probabilities && { probabilities, calibration },
    width,
    rank: singular.filter((value) => value > width).length,
    ...curve && { holdout: curve },
    remarks: [
      ...course.ended() === "time-limit" && course.trace.length === 0
        ? ["The time was up before the first step: predicted by the means."]
        : [],
      ...remarksOn(joint, calibration === undefined, resolved),
    ],
    trace: Float64Array.from(course.trace),
    iterations: course.trace.length,
    elapsedMs: run.elapsedMs(),
    plan: workspace.plan,
  };
}

/** Lines that are named at most. */
const mostNamed = 10;

function remarksOn(
  { items, features, labels, kinds }: JointMatrix,
  uncalibrated: boolean,
  { holdout }: ResolvedOptions,
) {
  const columns = features + labels, byItem = new Uint32Array(items), byColumn = new Uint32Array(columns);
  for (let i = 0, at = 0; i < items; i++) {
    for (let j = 0; j < columns; j++, at++) {
      if (kinds[at] === missing) continue;
      byItem[i]++;
      byColumn[j]++;
    }
  }
  const remarks: string[] = [];
  const name = (what: string, counts: Uint32Array, prediction: string) => {
    const empty = Array.from(counts.keys()).filter((k) => counts[k] === 0);
    if (empty.length === 0) return;
    const more = empty.length > mostNamed ? ` and ${empty.length - mostNamed} more` : "";
    remarks.push(
      `Nothing is observed of ${what}${empty.length > 1 ? "s" : ""} ${
        empty.slice(0, mostNamed).join(", ")
      }${more}: ${prediction}.`,
    );
  };
  name("item", byItem, "predicted by the means");
  name("feature", byColumn.subarray(0, features), "filled with 0");
  name("label", byColumn.subarray(features), "its scores say nothing");
  if (holdout > 0 && uncalibrated) remarks.push("Too few labels could be held out to calibrate probabilities.");
  return remarks;
}
