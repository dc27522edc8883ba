import type { DeviceArray } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Vector } from "../core/matrix.ts";
import { addRows } from "../core/plain_sums.ts";
import { randomWeights } from "../core/product_check.ts";
import { createPace, type Steps } from "../core/steps.ts";
import type { RegressionData } from "./data.ts";

/** Columns of `X` that are transposed together. */
const columnsTogether = 64;

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

/** Weights, centres and scales the data, and puts them where the kernels run; `X` is held once. */
export function* loadColumns(workspace: Workspace, given: RegressionData): Steps<LoadedColumns> {
  const isDue = createPace();
  const { X, y, roots, means, tails, scales, responseMean, responseTail, responseScale } = given;
  const [samples, features] = X.shape;
  const data = workspace.allocate("f64", features * samples, "X transposed");
  const squaredNorms = new Float64Array(features);
  const centered = Float64Array.from(
    y,
    (value, i) => (value - responseMean - responseTail) / responseScale * (roots ? roots[i] : 1),
  );
  const correlationsWithY = new Float64Array(features);
  // What Gram rows are checked against: X times random weights, and each row of X^T X times those weights.
  const weights = new Float64Array(features), mixture = new Float64Array(samples);
  const inverses = scales.map((scale) => 1 / scale);
  // A few columns at a time: the rows of X are read in runs, and nothing is held twice.
  const columns = new Float64Array(Math.min(features, columnsTogether) * samples);
  for (let first = 0; first < features; first += columnsTogether) {
    const count = Math.min(columnsTogether, features - first);
    const block = { first, count, means, tails, inverses };
    for (let i = 0; i < samples;) {
      const some = roots === undefined && i + 3 < samples ? 4 : 1;
      if (some === 4) loadFourSamples(columns, i, samples, X.data, i * features, features, block);
      else loadSample(columns, i, samples, X.data, i * features, block, roots ? roots[i] : 1);
      i += some;
      if (isDue(some * count)) yield;
    }
    for (let j = 0; j < count; j++) {
      const { square, product } = columnSums(columns, j * samples, centered);
      squaredNorms[first + j] = square;
      correlationsWithY[first + j] = product;
      if (isDue(2 * samples)) yield;
    }
    weights.set(randomWeights(squaredNorms.subarray(first, first + count), first), first);
    const offsets = Array.from({ length: count }, (_, j) => j * samples);
    addRows(mixture, columns, offsets, Array.from(weights.subarray(first, first + count)));
    workspace.write(data, columns.subarray(0, count * samples), first * samples);
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
