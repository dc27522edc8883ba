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
    for (let i = begin; i < end; i++) {
      for (let j = 0; j < columns; j++) {
        const isLabel = j >= width, value = isLabel ? labels.data[i * count + j - width] : features.data[i * width + j];
        if (Number.isNaN(value)) continue;
        if (isLabel && value !== 1 && value !== -1) {
          throw new DataError(
            "labels",
            `Cannot ${action}: "labels" has ${value} at row ${i}, column ${j - width}; expected 1, -1 or NaN.`,
          );
        }
        if (!(Math.abs(value) <= 1e100)) {
          throw new DataError(
            "features",
            `Cannot ${action}: "features" has ${value} at row ${i}, column ${j}; expected a magnitude of at most 1e100, ` +
              "or NaN for what is missing.",
          );
        }
        values[i * columns + j] = value;
        kinds[i * columns + j] = isLabel ? label : feature;
        if (isLabel) observedLabels++;
        else observedFeatures++;
      }
    }
  });
  if (observedFeatures === 0) throw new DataError("features", `Cannot ${action}: no feature is observed.`);
  if (observedLabels === 0) throw new DataError("labels", `Cannot ${action}: no label is observed.`);
  return { items, features: width, labels: count, values, kinds };
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
  const each = (visit: (j: number, value: number) => void) =>
    inRanges(items, 8 * columns, (begin, end) => {
      for (let i = begin, at = begin * columns; i < end; i++) {
        for (let j = 0; j < columns; j++, at++) if (kinds[at] !== missing) visit(j, values[at]);
      }
    });
  yield* each((j, value) => {
    counts[j]++;
    largest[j] = Math.max(largest[j], Math.abs(value));
  });
  // In units of the largest, so that no sum or square overflows.
  yield* each((j, value) => centres[j] += value / largest[j] / counts[j] || 0);
  const squares = new Float64Array(columns);
  yield* each((j, value) => squares[j] += (value / largest[j] - centres[j]) ** 2 / counts[j] || 0);
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
