/** What graphs are estimated from, checked and scaled. @module */

import { momentsInSteps } from "../core/columns.ts";
import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import { checkMatrixInSteps, type Matrix, type Vector } from "../core/matrix.ts";
import { shown } from "../core/shown.ts";
import { createPace, type Steps } from "../core/steps.ts";
import { somePlaces } from "../core/names.ts";

/** A covariance matrix in place of the samples that it is of. */
export interface CovarianceData {
  /**
   * Symmetric, positive semidefinite, with a positive diagonal [variables, variables]: means of products, divided by the number of
   * samples as they are here. One divided by their number less one, as most programs give it, is `n / (n - 1)` times that:
   * with `standardize` there is no difference, without it the estimate is that of data so much larger.
   */
  readonly covariance: Matrix;
  /** Number of samples that it is of, >= 1: what the criteria of a path need to know. */
  readonly sampleCount: number;
}

/** Samples, one a row [samples, variables], or their covariance matrix. */
export type GraphData = Matrix | CovarianceData;

/** How data are prepared. */
export interface Preparation {
  readonly center: boolean;
  readonly standardize: boolean;
}

/** How `Y` comes from the samples: `(x - mean - tail) scale`, column by column. */
export interface SampleScaling {
  readonly means: Float64Array;
  readonly tails: Float64Array;
  readonly scales: Float64Array;
  /** Squared norms of the columns of `Y`, up to the rounding of its entries. */
  readonly variances: Float64Array;
}

/** Samples made ready. */
export interface ScaledSamples {
  /** `Y`, row by row. */
  readonly scaled: Float64Array;
  /** Squared norms of its columns. */
  readonly variances: Float64Array;
}

/** Whether data are a covariance matrix. */
export function isCovariance(data: GraphData): data is CovarianceData {
  return typeof data === "object" && data !== null && "covariance" in data;
}

const action = "estimate a precision matrix";

/** Numbers of samples and variables. @throws {ShapeError} {@linkcode DataError} where data are none */
export function* checkGraphData(data: GraphData): Steps<{ count: number; vertices: number }> {
  if (!isCovariance(data)) {
    yield* checkMatrixInSteps("samples", data, action);
    const [count, vertices] = data.shape;
    if (count > 0 && vertices > 0) return { count, vertices };
    throw new ShapeError(
      "samples",
      `Cannot ${action}: "samples" is ${count} x ${vertices}, but needs a sample and a variable.`,
    );
  }
  const { covariance, sampleCount } = data;
  yield* checkMatrixInSteps("covariance", covariance, action);
  const [rows, vertices] = covariance.shape;
  if (rows !== vertices || vertices === 0) {
    throw new ShapeError(
      "covariance",
      `Cannot ${action}: "covariance" is ${rows} x ${vertices}, but must be square, with a variable.`,
    );
  }
  if (!Number.isSafeInteger(sampleCount) || sampleCount < 1) {
    throw new OptionError(
      "sampleCount",
      `Cannot use "sampleCount": expected a whole number >= 1, received ${shown(sampleCount)}.`,
    );
  }
  return { count: sampleCount, vertices };
}

/** What makes samples ready. @throws {DataError} naming columns without variance */
export function* scalingOf(samples: Matrix, { center, standardize }: Preparation): Steps<SampleScaling> {
  const { means, tails, variances: spreads } = yield* momentsInSteps(samples, center);
  checkVariances("samples", spreads, standardize);
  const scales = spreads.map((variance) => 1 / Math.sqrt(samples.shape[0] * (standardize ? variance : 1)));
  return { means, tails, scales, variances: standardize ? new Float64Array(spreads.length).fill(1) : spreads };
}

/** `Y`: samples, prepared as asked for, over the square root of their number. */
export function* scaleSamples(
  { data, shape: [count, vertices] }: Matrix,
  scaling: SampleScaling,
): Steps<ScaledSamples> {
  const result = { scaled: new Float64Array(count * vertices), variances: new Float64Array(vertices) };
  const isDue = createPace();
  for (let i = 0; i < count; i++) {
    scaleSample(result, scaling, data, i * vertices);
    if (isDue(vertices)) yield;
  }
  return result;
}

/** A function of a row, because engines compile what is called often sooner than a loop that runs long. */
function scaleSample(
  { scaled, variances }: ScaledSamples,
  { means, tails, scales }: SampleScaling,
  data: Vector,
  from: number,
): void {
  for (let j = 0; j < scales.length; j++) {
    const value = (data[from + j] - means[j] - tails[j]) * scales[j];
    scaled[from + j] = value;
    variances[j] += value * value;
  }
}

/** Largest part of a symmetric matrix that may differ from its mirror image, as a share of the roots of its diagonal. */
export const asymmetry = 1e-6;

/**
 * `S`: a covariance matrix, prepared as asked for, symmetric bit for bit.
 *
 * @throws {DataError} where it is not symmetric, and for variables without variance
 */
export function* scaleCovariance(
  { data, shape: [vertices] }: Matrix,
  { standardize }: Preparation,
): Steps<Float64Array> {
  const variances = Float64Array.from({ length: vertices }, (_, i) => data[i * (vertices + 1)]);
  checkVariances("covariance", variances, standardize);
  const scales = variances.map((variance) => standardize ? 1 / Math.sqrt(variance) : 1);
  const gram = new Float64Array(vertices * vertices), isDue = createPace();
  for (let i = 0; i < vertices; i++) {
    for (let j = 0; j <= i; j++) {
      const value = data[i * vertices + j], mirrored = data[j * vertices + i];
      const size = Math.sqrt(variances[i]) * Math.sqrt(variances[j]);
      if (!(Math.abs(value - mirrored) <= asymmetry * size)) {
        throw new DataError(
          "covariance",
          `Cannot ${action}: "covariance" is not symmetric, ${value} at ${i}, ${j} and ${mirrored} at ${j}, ${i}.`,
        );
      }
      const mean = (value + (mirrored - value) / 2) * scales[i] * scales[j];
      gram[i * vertices + j] = gram[j * vertices + i] = standardize && i === j ? 1 : mean;
    }
    if (isDue(4 * i)) yield;
  }
  return gram;
}

/** Least and largest size of a column that is not standardised: squares of variances, and of their inverses, are numbers. */
const least = 1e-70, largest = 1e70;

function checkVariances(argument: string, variances: Float64Array, standardize: boolean): void {
  const none = Array.from(variances.keys()).filter((j) => !(variances[j] > 0));
  if (none.length === 0) {
    const far = standardize
      ? -1
      : variances.findIndex((variance) => !(variance >= least ** 2 && variance <= largest ** 2));
    if (far < 0) return;
    throw new DataError(
      argument,
      `Cannot ${action}: expected a standard deviation between ${least} and ${largest} of column ${far} of "${argument}", ` +
        `unless it is standardised, received ${Math.sqrt(variances[far])}.`,
    );
  }
  const named = somePlaces(none);
  const columns = none.length === 1 ? `column ${named} of "${argument}" has` : `columns ${named} of "${argument}" have`;
  throw new DataError(argument, `Cannot ${action}: ${columns} no variance.`);
}
