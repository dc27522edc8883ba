/** The answer of a transduction: what was found, in the units of the data. @module */

import type { Plan } from "../../kernels/engine/mod.ts";
import { certified } from "../core/certificate.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { Result } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import type { ProbabilityScale } from "./calibration.ts";
import type { Course } from "./transduction_course.ts";
import { feature, type JointMatrix, label, missing, type Standards } from "./transduction_data.ts";
import { dataTerm, type ProjectionOptions, standardise } from "./transduction_known.ts";
import { somePlaces } from "../core/names.ts";

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

/** Where the steps ended. */
export interface Reached {
  /** The joint matrix [items, features + labels], filled in, in standardised units. */
  readonly whole: ArrayLike<number>;
  readonly width: number;
  /** Its singular values. */
  readonly singular: Float64Array;
}

/** What an answer is made of. */
export interface Found {
  readonly joint: JointMatrix;
  readonly standards: Standards;
  /** Nothing where the time was up before anything was decomposed. */
  readonly reached: Reached | undefined;
  readonly resolved: ProjectionOptions & { readonly holdout: number };
  readonly curve?: TransductionCurve;
  readonly calibration?: ProbabilityScale;
  readonly course: Course;
}

/** Operations of an element that is presented. */
const elementWork = 12;

/** The answer, in the units of the data. */
export function* present(found: Found, run: Run, plan: Plan): Steps<Transduction> {
  const { joint, standards, resolved, curve, calibration, course } = found, { items, kinds } = joint;
  const { whole, width, singular } = found.reached ?? (yield* byMeans(joint, standards));
  const features = matrix(items, joint.features), scores = matrix(items, joint.labels);
  const labels = new Int8Array(items * joint.labels), probabilities = calibration && matrix(items, joint.labels);
  const columns = joint.features + joint.labels, work = elementWork * columns, soft = resolved.method === "soft";
  const byItem = new Uint32Array(items), byColumn = new Uint32Array(columns);
  yield* inRanges(items, work, (begin, end) => {
    presentFeatures(joint, standards, whole, !soft, features.data, begin, end);
    presentScores(joint, standards, whole, scores.data, labels, begin, end);
    if (probabilities) presentProbabilities(joint, calibration, scores.data, probabilities.data, begin, end);
    countObserved(kinds, columns, byItem, byColumn, begin, end);
  });
  const smoothed = singular.reduce((sum, value) => sum - Math.expm1(-value * value / (2 * width * width)), 0);
  const objective = soft ? width * width * smoothed + (yield* dataTerm(whole, joint, standards, resolved)) : smoothed;
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
      ...remarksOn(byItem, byColumn, joint),
      ...resolved.holdout > 0 && !calibration ? ["Too few labels could be held out to calibrate probabilities."] : [],
    ],
    trace: Float64Array.from(course.trace),
    iterations: course.trace.length,
    elapsedMs: run.elapsedMs(),
    plan,
  };
}

/** Width, as a multiple of all singular values together, at which the smoothed rank is their sum of squares. */
const endless = 2 ** 27;

/** What is filled with means is the optimum at endless widths, where the smoothed rank is a sum of squares. */
function* byMeans(joint: JointMatrix, standards: Standards): Steps<Reached> {
  const { items, features, labels, values } = joint, whole = new Float64Array(values.length);
  let squares = 0;
  yield* inRanges(items, 4 * (features + labels), (begin, end) => {
    squares += standardise(joint, standards, whole, begin, end);
  });
  const norm = Math.sqrt(squares);
  return { width: endless * norm || 1, singular: Float64Array.of(norm), whole };
}

/** Features of some items: what is kept, to the last digit. */
function presentFeatures(
  { features, labels, kinds, values }: JointMatrix,
  { centres, scales }: Standards,
  whole: ArrayLike<number>,
  keeps: boolean,
  target: Matrix["data"],
  begin: number,
  end: number,
): void {
  const columns = features + labels;
  for (let i = begin, place = begin * features; i < end; i++) {
    for (let j = 0, at = i * columns; j < features; j++, at++, place++) {
      target[place] = keeps && kinds[at] === feature ? values[at] : scales[j] * whole[at] + centres[j];
    }
  }
}

/** Scores of some items, and their labels, of which the known ones are kept. */
function presentScores(
  { features, labels: count, kinds, values }: JointMatrix,
  { centres, scales }: Standards,
  whole: ArrayLike<number>,
  scores: Matrix["data"],
  labels: Int8Array,
  begin: number,
  end: number,
): void {
  const columns = features + count;
  for (let i = begin, place = begin * count; i < end; i++) {
    for (let j = features, at = i * columns + j; j < columns; j++, at++, place++) {
      const value = scales[j] * whole[at] + centres[j];
      scores[place] = value;
      labels[place] = kinds[at] === label ? values[at] : value > 0 ? 1 : -1;
    }
  }
}

/** Probabilities of some items, from their scores; 0 or 1 where the label is known. */
function presentProbabilities(
  { features, labels: count, kinds, values }: JointMatrix,
  { slope, shift }: ProbabilityScale,
  scores: Matrix["data"],
  probabilities: Matrix["data"],
  begin: number,
  end: number,
): void {
  for (let i = begin, place = begin * count; i < end; i++) {
    for (let j = 0, at = i * (features + count) + features; j < count; j++, at++, place++) {
      const known = kinds[at] === label;
      probabilities[place] = known ? (values[at] + 1) / 2 : 1 / (1 + Math.exp(-(slope * scores[place] + shift)));
    }
  }
}

function countObserved(
  kinds: Uint8Array,
  columns: number,
  byItem: Uint32Array,
  byColumn: Uint32Array,
  begin: number,
  end: number,
): void {
  for (let i = begin, at = begin * columns; i < end; i++) {
    for (let j = 0; j < columns; j++, at++) {
      if (kinds[at] === missing) continue;
      byItem[i]++;
      byColumn[j]++;
    }
  }
}

/** What is said of items and columns of which nothing is observed. */
function remarksOn(byItem: Uint32Array, byColumn: Uint32Array, { features }: JointMatrix): string[] {
  const remarks: string[] = [];
  const name = (what: string, counts: Uint32Array, prediction: string) => {
    const empty = Array.from(counts.keys()).filter((k) => counts[k] === 0);
    if (empty.length === 0) return;
    remarks.push(
      `Nothing is observed of ${what}${empty.length > 1 ? "s" : ""} ${somePlaces(empty)}: ${prediction}.`,
    );
  };
  name("item", byItem, "predicted by the means");
  name("feature", byColumn.subarray(0, features), "filled with 0");
  name("label", byColumn.subarray(features), "its scores say nothing");
  return remarks;
}
