/** Samples and labels of a classifier: checked, scaled, split. @module */

import { checkMagnitudes, columnMoments } from "../core/columns.ts";
import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import { denseSamples, likeVector, type Matrix, type Samples } from "../core/matrix.ts";
import type { IndicesLike } from "../core/options.ts";
import { createRandom } from "../core/random.ts";
import { refuse } from "../core/resolve_options.ts";
import type { ConvolutionOptions } from "./train_options.ts";
import { counted } from "../core/shown.ts";

/** How features are scaled before the first layer. */
export interface FeatureScaling {
  /** What is taken from them first. */
  readonly means: Float64Array;
  /** What they are divided by. */
  readonly scales: Float64Array;
}

/** Samples as a dense matrix that is not empty. */
export function checkFeatures(X: Samples, action: string, features?: number, argument = "X"): Matrix {
  const dense = denseSamples(X, action, argument), [rows, columns] = dense.shape;
  if (features !== undefined && columns !== features) {
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${argument}" has ${counted(columns, "column")}, but the classifier takes ${features}.`,
    );
  }
  if (features === undefined && (rows === 0 || columns === 0)) {
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${argument}" is ${rows} x ${columns}, expected samples and features.`,
    );
  }
  return dense;
}

/** Labels from 0 on, one a sample. */
export function checkLabels(labels: IndicesLike, rows: number, action: string): Uint32Array {
  if (!(labels instanceof Uint32Array) && !Array.isArray(labels)) {
    throw refuse("labels", "a Uint32Array or an array of classes from 0 on", labels);
  }
  if (labels.length !== rows) {
    throw new ShapeError(
      "labels",
      `Cannot ${action}: "labels" has ${counted(labels.length, "element")}, but "X" has ${counted(rows, "row")}.`,
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (Number.isInteger(label) && label >= 0 && label < 65536) continue;
    throw new DataError("labels", `Cannot ${action}: "labels" is ${label} at ${i}, expected a class from 0 to 65535.`);
  }
  return Uint32Array.from(labels);
}

/** The number of classes. */
export function countClasses(labels: Uint32Array, classes: number | undefined, action: string): number {
  let largest = 0;
  for (const label of labels) largest = Math.max(largest, label);
  if (classes === undefined) return Math.max(2, largest + 1);
  if (largest < classes) return classes;
  throw new DataError("labels", `Cannot ${action}: "labels" has the class ${largest}, but there are ${classes}.`);
}

/** Means and deviations of the features of some samples; constant ones are only centred. */
export function scalingOf(X: Matrix, samples: Uint32Array, standardize: boolean, action: string): FeatureScaling {
  const [, columns] = X.shape;
  if (!standardize) return { means: new Float64Array(columns), scales: new Float64Array(columns).fill(1) };
  const weights = new Float64Array(X.shape[0]);
  for (const sample of samples) weights[sample] = 1;
  const { means, variances, meanSquares } = columnMoments(X, true, weights);
  checkMagnitudes("X", X, meanSquares, action);
  return { means, scales: variances.map((variance) => variance > 0 ? Math.sqrt(variance) : 1) };
}

/** Scaled samples, in the precision of `X`. */
export function scaled({ data, shape }: Matrix, { means, scales }: FeatureScaling, action: string): Matrix {
  const [, columns] = shape, result = likeVector(data, data.length);
  for (let at = 0, j = 0; at < data.length; at++) {
    result[at] = (data[at] - means[j]) / scales[j];
    // Products of larger numbers leave the range of f32.
    if (!(Math.abs(result[at]) < 1e15)) {
      throw new DataError(
        "X",
        `Cannot ${action}: "X" is ${data[at]} at row ${
          Math.floor(at / columns)
        }, column ${j}, where other samples have ` +
          `${means[j]} +- ${scales[j]}; expected numbers below 1e15 after scaling.`,
      );
    }
    if (++j === columns) j = 0;
  }
  return { data: result, shape };
}

/** Samples to train on and samples held out, the same share of each class as far as there are enough. */
export function splitSamples(
  labels: Uint32Array,
  classes: number,
  share: number,
  seed: number,
): { training: Uint32Array; held: Uint32Array } {
  const random = createRandom(seed ^ 0x5eed), byClass = Array.from({ length: classes }, (): number[] => []);
  labels.forEach((label, i) => byClass[label].push(i));
  const training: number[] = [], held: number[] = [];
  for (const own of byClass) {
    shuffle(own, random.integer);
    const count = share === 0 ? 0 : Math.min(own.length - 1, Math.round(share * own.length));
    own.forEach((sample, i) => (i < count ? held : training).push(sample));
  }
  if (share > 0 && held.length === 0) {
    throw new OptionError(
      "validation",
      `Cannot use "validation": a share of ${share} holds out none of the ${labels.length} samples; expected more of them.`,
    );
  }
  return { training: Uint32Array.from(training).sort(), held: Uint32Array.from(held).sort() };
}

/** Puts numbers into a random order (Fisher & Yates). */
export function shuffle(values: Uint32Array | number[], integer: (bound: number) => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = integer(i + 1), value = values[i];
    values[i] = values[j];
    values[j] = value;
  }
}

/** Refuses widths that are no whole numbers, by their names. */
export function wholeWidth(name: string): (width: number, at: number) => number {
  return (width, at) => {
    if (Number.isInteger(width)) return width;
    throw new OptionError(`${name}[${at}]`, `Cannot use "${name}[${at}]": expected a whole number, received ${width}.`);
  };
}

/** Refuses shapes of images that do not fit the features. */
export function checkImages(convolution: ConvolutionOptions | undefined, features: number, action: string): void {
  if (!convolution) return;
  const { shape } = convolution;
  if (shape.length === 3 && shape.every(Number.isInteger) && shape[0] * shape[1] * shape[2] === features) return;
  throw new ShapeError(
    "convolution.shape",
    `Cannot ${action}: expected [rows, columns, channels] whose product is the ${features} features as ` +
      `"convolution.shape", received [${shape}].`,
  );
}
