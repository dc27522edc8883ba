import type { DeviceArray } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Vector } from "../core/matrix.ts";
import { addRows } from "../core/plain_sums.ts";
import { randomWeights } from "../core/product_check.ts";
import { createPace, type Steps } from "../core/steps.ts";
import type { RegressionData } from "./data.ts";

/** Columns of `X` that are transposed together, and the most samples of them: what stays in a cache. */
const columnsTogether = 64, samplesTogether = 1024;

/** The data of a problem as they are solved, and sums over them. */
export interface LoadedColumns {
  /** `X` [samples, features], features as rows, where the kernels run. */
  readonly data: DeviceArray<"f64">;
  /** `||x_j||^2`. */
  readonly squaredNorms: Float64Array;
  /** `y`. */
  readonly centered: Float64Array;
  /** `X^T y`. */
  readonly correlationsWithY: Float64Array;
  /** Random weights of the features, and `X` times them: what Gram rows are checked against. */
  readonly weights: Float64Array;
  readonly mixture: Float64Array;
}

/** What the coefficients are fitted to: the response, centred, scaled and weighted. */
export function centredResponse({ y, roots, responseMean, responseTail, responseScale }: RegressionData): Float64Array {
  const centered = new Float64Array(y.length);
  for (let i = 0; i < y.length; i++) {
    centered[i] = (y[i] - responseMean - responseTail) / responseScale * (roots ? roots[i] : 1);
  }
  return centered;
}

/**
 * Weights, centres and scales the data, and puts them where the kernels run; `X` is held once.
 *
 * @param isOptional Whether the time may end it.
 * @returns Nothing where the time has ended it.
 */
export function* loadColumns(
  workspace: Workspace,
  given: RegressionData,
  isOptional: boolean,
): Steps<LoadedColumns | undefined> {
  const isDue = createPace();
  const { X, roots, means, tails, scales } = given, [samples, features] = X.shape;
  const data = workspace.allocate("f64", features * samples, "X transposed"), loaded = workspace.view(data);
  const squaredNorms = new Float64Array(features), correlationsWithY = new Float64Array(features);
  const centered = centredResponse(given), inverses = scales.map((scale) => 1 / scale);
  // What Gram rows are checked against: X times random weights, and each row of X^T X times those weights.
  const weights = new Float64Array(features), mixture = new Float64Array(samples);
  // A few columns of a few samples at a time: the rows of X are read in runs, and nothing is held twice.
  const height = Math.min(samples, samplesTogether);
  const columns = new Float64Array(Math.min(features, columnsTogether) * height);
  for (let first = 0; first < features; first += columnsTogether) {
    const count = Math.min(columnsTogether, features - first);
    const block = { first, count, means, tails, inverses };
    for (let from = 0; from < samples; from += height) {
      const end = Math.min(samples, from + height);
      for (let i = from; i < end;) {
        const some = roots === undefined && i + 3 < end ? 4 : 1;
        if (some === 4) loadFourSamples(columns, i - from, height, X.data, i * features, features, block);
        else loadSample(columns, i - from, height, X.data, i * features, block, roots ? roots[i] : 1);
        i += some;
        if (isDue(some * count) && (yield) && isOptional) return undefined;
      }
      for (let j = 0; j < count; j++) {
        loaded.set(columns.subarray(j * height, j * height + end - from), (first + j) * samples + from);
      }
    }
    for (let j = first; j < first + count; j++) {
      const { square, product } = columnSums(loaded, j * samples, centered);
      squaredNorms[j] = square;
      correlationsWithY[j] = product;
      if (isDue(2 * samples) && (yield) && isOptional) return undefined;
    }
    weights.set(randomWeights(squaredNorms.subarray(first, first + count), first), first);
    for (let j = first; j < first + count; j += 4) {
      const some = Array.from({ length: Math.min(4, first + count - j) }, (_, k) => j + k);
      addRows(mixture, loaded, some.map((k) => k * samples), some.map((k) => weights[k]));
      if (isDue(4 * samples) && (yield) && isOptional) return undefined;
    }
  }
  return { data, squaredNorms, centered, correlationsWithY, weights, mixture };
}

// Functions of a sample and of a column, because engines compile what is called often sooner than a loop that runs long.

/** Features that are loaded together, and what is done to a sample of them. */
interface SampleBlock {
  readonly first: number;
  readonly count: number;
  readonly means: Float64Array;
  readonly tails: Float64Array;
  readonly inverses: Float64Array;
}

/** Puts some features of a sample into their columns; `root` is that of the sample's weight. */
function loadSample(
  columns: Float64Array,
  sample: number,
  samples: number,
  data: Vector,
  from: number,
  { first, count, means, tails, inverses }: SampleBlock,
  root: number,
): void {
  for (let j = first, to = sample; j < first + count; j++, to += samples) {
    columns[to] = (data[from + j] - means[j] - tails[j]) * inverses[j] * root;
  }
}

/** The same of four samples, whose weights are 1, so that centres and scales are read less. */
function loadFourSamples(
  columns: Float64Array,
  sample: number,
  samples: number,
  data: Vector,
  from: number,
  features: number,
  { first, count, means, tails, inverses }: SampleBlock,
): void {
  for (let j = first, at = from + first, to = sample; j < first + count; j++, at++, to += samples) {
    const mean = means[j], tail = tails[j], inverse = inverses[j];
    columns[to] = (data[at] - mean - tail) * inverse;
    columns[to + 1] = (data[at + features] - mean - tail) * inverse;
    columns[to + 2] = (data[at + 2 * features] - mean - tail) * inverse;
    columns[to + 3] = (data[at + 3 * features] - mean - tail) * inverse;
  }
}

/** `x . x` and `x . y` for the column `x` from `from` on, two sums each, so that none waits for another. */
function columnSums(columns: Float64Array, from: number, y: Float64Array): { square: number; product: number } {
  let a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i + 1 < y.length; i += 2) {
    const even = columns[from + i], odd = columns[from + i + 1];
    a += even * even;
    b += odd * odd;
    c += even * y[i];
    d += odd * y[i + 1];
  }
  if (i < y.length) {
    const last = columns[from + i];
    a += last * last;
    c += last * y[i];
  }
  return { square: a + b, product: c + d };
}
