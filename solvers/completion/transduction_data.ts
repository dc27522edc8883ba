/** Features and labels of items as one matrix, standardised by what is observed. @module */

import { DataError, ShapeError } from "../core/errors.ts";
import { checkKind } from "../core/kinds.ts";
import { checkTable, type Matrix } from "../core/matrix.ts";
import type { Random } from "../core/random.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import { counted } from "../core/shown.ts";

/** Features and labels of some items, where they are known. */
export interface PartlyLabelled {
  /** [items, features]; NaN where it is missing. */
  readonly features: Matrix;
  /** [items, labels]: 1, -1, or NaN where it is to be predicted. */
  readonly labels: Matrix;
}

/** What was observed of an element of the joint matrix. */
export const missing = 0, feature = 1, label = 2;

/** Features and labels side by side. */
export interface JointMatrix {
  readonly items: number;
  readonly features: number;
  readonly labels: number;
  /** [items, features + labels] as they came; 0 where nothing was observed. */
  readonly values: Float64Array;
  /** {@linkcode missing}, {@linkcode feature} or {@linkcode label}. */
  readonly kinds: Uint8Array;
}

const action = "predict labels";

/** Largest magnitude of a feature: squares and their sums stay finite. */
const largestFeature = 1e100;

/** Checks features and labels and puts them side by side. */
export function* jointMatrix(data: PartlyLabelled): Steps<JointMatrix> {
  checkKind("data", data, "object", action);
  const { features, labels } = data;
  checkTable("features", features, action);
  checkTable("labels", labels, action);
  const [items, width] = features.shape, count = labels.shape[1], columns = width + count;
  if (labels.shape[0] !== items) {
    throw new ShapeError(
      "labels",
      `Cannot ${action}: "labels" has ${counted(labels.shape[0], "row")}, but "features" has ${items}.`,
    );
  }
  if (items === 0 || width === 0 || count === 0) {
    throw new ShapeError(
      "features",
      `Cannot ${action}: expected items, features and labels, received ${items} x ${width} features and ${count} labels.`,
    );
  }
  const values = new Float64Array(items * columns), kinds = new Uint8Array(items * columns);
  let observedFeatures = 0, observedLabels = 0;
  yield* inRanges(items, 4 * columns, (begin, end) => {
    observedFeatures += put(features.data, begin, end, width, 0, feature);
    observedLabels += put(labels.data, begin, end, count, width, label);
  });
  if (observedFeatures === 0) throw new DataError("features", `Cannot ${action}: no feature is observed.`);
  if (observedLabels === 0) throw new DataError("labels", `Cannot ${action}: no label is observed.`);
  return { items, features: width, labels: count, values, kinds };

  /** Rows of one table into the columns that it has of the joint matrix; how many elements of it are observed. */
  function put(data: Matrix["data"], begin: number, end: number, own: number, first: number, kind: number): number {
    let observed = 0;
    for (let i = begin, from = begin * own; i < end; i++) {
      for (let j = 0, at = i * columns + first; j < own; j++, at++, from++) {
        const value = data[from];
        if (value !== value) continue;
        if (kind === label ? value !== 1 && value !== -1 : !(Math.abs(value) <= largestFeature)) {
          refuse(kind, value, i, j);
        }
        values[at] = value;
        kinds[at] = kind;
        observed++;
      }
    }
    return observed;
  }

  function refuse(kind: number, value: number, i: number, j: number): never {
    const [argument, expected] = kind === label
      ? ["labels", "1, -1 or NaN"]
      : ["features", "a magnitude of at most 1e100, or NaN for what is missing"];
    throw new DataError(
      argument,
      `Cannot ${action}: "${argument}" has ${value} at row ${i}, column ${j}; expected ${expected}.`,
    );
  }
}

/** Centres and scales of the columns: observed mean and deviation of features, observed mean of labels. */
export interface Standards {
  readonly centres: Float64Array;
  /** 1 where a feature is constant or unknown. */
  readonly scales: Float64Array;
}

/** Standards of what is observed. */
export function* standardsOf(
  { items, features, labels, values, kinds }: JointMatrix,
  labelWeight: number,
): Steps<Standards> {
  const columns = features + labels, counts = new Float64Array(columns), centres = new Float64Array(columns);
  const largest = new Float64Array(columns), scales = new Float64Array(columns).fill(1);
  const squares = new Float64Array(columns);
  yield* inRanges(items, 4 * columns, (begin, end) => {
    for (let i = begin, at = begin * columns; i < end; i++) {
      for (let j = 0; j < columns; j++, at++) {
        if (kinds[at] === missing) continue;
        counts[j]++;
        largest[j] = Math.max(largest[j], Math.abs(values[at]));
      }
    }
  });
  // In units of the largest, so that no sum or square overflows.
  yield* inRanges(items, 4 * columns, (begin, end) => {
    for (let i = begin, at = begin * columns; i < end; i++) {
      for (let j = 0; j < columns; j++, at++) {
        if (kinds[at] !== missing) centres[j] += values[at] / largest[j] / counts[j] || 0;
      }
    }
  });
  yield* inRanges(items, 4 * columns, (begin, end) => {
    for (let i = begin, at = begin * columns; i < end; i++) {
      for (let j = 0; j < columns; j++, at++) {
        if (kinds[at] !== missing) squares[j] += (values[at] / largest[j] - centres[j]) ** 2 / counts[j] || 0;
      }
    }
  });
  for (let j = 0; j < columns; j++) {
    centres[j] *= largest[j];
    // What is left of equal numbers is rounding.
    if (j >= features) scales[j] = 1 / labelWeight;
    else if (Math.sqrt(squares[j]) > 4 * Number.EPSILON) scales[j] = Math.sqrt(squares[j]) * largest[j];
  }
  return { centres, scales };
}

/** The same with some of what was observed taken out. */
export interface HeldOut {
  readonly fitted: JointMatrix;
  /** Places of features that were taken out. */
  readonly features: Uint32Array;
  /** Places of labels that were taken out. */
  readonly labels: Uint32Array;
}

/** Takes out a share of the observed features, and of the labels. */
export function holdOut(joint: JointMatrix, share: number, random: Random): HeldOut {
  const kinds = joint.kinds.slice(), taken: { [kind: number]: number[] } = { [feature]: [], [label]: [] };
  for (let at = 0; at < kinds.length; at++) {
    if (kinds[at] === missing || random.uniform() >= share) continue;
    taken[kinds[at]].push(at);
    kinds[at] = missing;
  }
  return {
    fitted: { ...joint, kinds },
    features: Uint32Array.from(taken[feature]),
    labels: Uint32Array.from(taken[label]),
  };
}
