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
  const ofFeatures = { kind: feature, data: features.data, columns: width, first: 0 } as const;
  const ofLabels = { kind: label, data: labels.data, columns: count, first: width } as const;
  let observedFeatures = 0, observedLabels = 0;
  yield* inRanges(items, 4 * columns, (begin, end) => {
    observedFeatures += put(ofFeatures, values, kinds, columns, begin, end);
    observedLabels += put(ofLabels, values, kinds, columns, begin, end);
  });
  if (observedFeatures === 0) throw new DataError("features", `Cannot ${action}: no feature is observed.`);
  if (observedLabels === 0) throw new DataError("labels", `Cannot ${action}: no label is observed.`);
  return { items, features: width, labels: count, values, kinds };
}

/** A table of features or of labels, and where it stands in the joint matrix. */
interface Table {
  readonly kind: typeof feature | typeof label;
  readonly data: Matrix["data"];
  readonly columns: number;
  /** Its first column in the joint matrix. */
  readonly first: number;
}

/** Rows of a table into the columns that it has of the joint matrix; how many elements of it are observed. */
function put(
  { kind, data, columns: own, first }: Table,
  values: Float64Array,
  kinds: Uint8Array,
  columns: number,
  begin: number,
  end: number,
): number {
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

function refuse(kind: Table["kind"], value: number, i: number, j: number): never {
  const [argument, expected] = kind === label
    ? ["labels", "1, -1 or NaN"]
    : ["features", "a magnitude of at most 1e100, or NaN for what is missing"];
  throw new DataError(
    argument,
    `Cannot ${action}: "${argument}" has ${value} at row ${i}, column ${j}; expected ${expected}.`,
  );
}

/** Centres and scales of the columns: observed mean and deviation of features, observed mean of labels. */
export interface Standards {
  readonly centres: Float64Array;
  /** 1 where a feature is constant or unknown. */
  readonly scales: Float64Array;
}

/** Standards of what is observed. */
export function* standardsOf(joint: JointMatrix, labelWeight: number): Steps<Standards> {
  const { items, features, labels } = joint, columns = features + labels, work = 4 * columns;
  const [counts, largest, centres, squares] = [0, 0, 0, 0].map((zero) => new Float64Array(columns).fill(zero));
  const scales = new Float64Array(columns).fill(1);
  yield* inRanges(items, work, (begin, end) => addExtents(joint, counts, largest, begin, end));
  // In units of the largest, so that no sum or square overflows.
  yield* inRanges(items, work, (begin, end) => addPowers(joint, largest, undefined, centres, begin, end));
  for (let j = 0; j < columns; j++) centres[j] /= counts[j] || 1;
  yield* inRanges(items, work, (begin, end) => addPowers(joint, largest, centres, squares, begin, end));
  for (let j = 0; j < columns; j++) {
    centres[j] *= largest[j];
    const deviation = Math.sqrt(squares[j] / (counts[j] || 1));
    // What is left of equal numbers is rounding.
    if (j >= features) scales[j] = 1 / labelWeight;
    else if (deviation > 4 * Number.EPSILON) scales[j] = deviation * largest[j];
  }
  return { centres, scales };
}

/** Counts what is observed of each column in some rows, and notes the largest magnitude. */
function addExtents(
  { features, labels, values, kinds }: JointMatrix,
  counts: Float64Array,
  largest: Float64Array,
  begin: number,
  end: number,
): void {
  const columns = features + labels;
  for (let i = begin, at = begin * columns; i < end; i++) {
    for (let j = 0; j < columns; j++, at++) {
      if (kinds[at] === missing) continue;
      counts[j]++;
      const size = Math.abs(values[at]);
      if (size > largest[j]) largest[j] = size;
    }
  }
}

/** Adds what is observed of each column in some rows, in its unit; or its squared differences from the centres. */
function addPowers(
  { features, labels, values, kinds }: JointMatrix,
  units: Float64Array,
  centres: Float64Array | undefined,
  sums: Float64Array,
  begin: number,
  end: number,
): void {
  const columns = features + labels;
  for (let i = begin, at = begin * columns; i < end; i++) {
    for (let j = 0; j < columns; j++, at++) {
      // A column of zeros has no unit.
      if (kinds[at] === missing || units[j] === 0) continue;
      const value = values[at] / units[j];
      sums[j] += centres ? (value - centres[j]) ** 2 : value;
    }
  }
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
export function* holdOut(joint: JointMatrix, share: number, random: Random): Steps<HeldOut> {
  const kinds = joint.kinds.slice(), features: number[] = [], labels: number[] = [];
  yield* inRanges(kinds.length, 8, (begin, end) => takeOut(kinds, share, random, features, labels, begin, end));
  return { fitted: { ...joint, kinds }, features: Uint32Array.from(features), labels: Uint32Array.from(labels) };
}

function takeOut(
  kinds: Uint8Array,
  share: number,
  { uniform }: Random,
  features: number[],
  labels: number[],
  begin: number,
  end: number,
): void {
  for (let at = begin; at < end; at++) {
    if (kinds[at] === missing || uniform() >= share) continue;
    (kinds[at] === label ? labels : features).push(at);
    kinds[at] = missing;
  }
}
