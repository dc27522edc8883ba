/** Graphs along a path, by each method, on columns of mean 0 and variance 1; and the rules that choose one of them. */

import { type Matrix, matrix, sparsePrecisionPath, toDense } from "../mod.ts";
import { cholesky, logDeterminantOf } from "./linear_algebra.ts";
import type { GraphicalLasso } from "./peers/glasso.ts";
import { edgesOf } from "./recovery.ts";

/** Columns of mean 0 and variance 1, and what makes them so. */
export interface Standardized {
  readonly samples: Matrix;
  readonly means: Float64Array;
  readonly deviations: Float64Array;
}

/** Standardises columns, by their own moments or by given ones. */
export function standardize({ data, shape: [rows, columns] }: Matrix, like?: Standardized): Standardized {
  const means = new Float64Array(columns), deviations = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) means[j] += data[i * columns + j] / rows;
    for (let i = 0; i < rows; i++) deviations[j] += (data[i * columns + j] - means[j]) ** 2 / rows;
    deviations[j] = Math.sqrt(deviations[j]);
  }
  const by = like ?? { means, deviations };
  const samples = matrix(
    rows,
    columns,
    data.map((x, at) => (x - by.means[at % columns]) / by.deviations[at % columns]),
  );
  return { samples, means, deviations };
}

/** `X^T X / rows`. */
export function secondMoments({ data, shape: [rows, columns] }: Matrix): Float64Array {
  const moments = new Float64Array(columns * columns);
  for (let k = 0; k < rows; k++) {
    for (let i = 0; i < columns; i++) {
      const x = data[k * columns + i] / rows;
      for (let j = 0; j <= i; j++) moments[i * columns + j] += x * data[k * columns + j];
    }
  }
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) moments[j * columns + i] = moments[i * columns + j];
  }
  return moments;
}

/** An estimate on the standardised scale. */
export interface PathPoint {
  readonly precision: Float64Array;
  readonly edges: ReadonlySet<number>;
  /** Where on the path it stands. */
  readonly setting: string;
}

/** Ridges that ours is tried with. */
const ridges = [0.003, 0.03, 0.3];

/** Ours: paths of `sparsePrecisionPath`, one a ridge. */
export async function ourPath(samples: Matrix, maxEdges: number): Promise<PathPoint[]> {
  const points: PathPoint[] = [], size = samples.shape[1];
  for (const lambda2 of ridges) {
    for await (const { precision, lambda0 } of sparsePrecisionPath(samples, { lambda2, maxEdges })) {
      const dense = Float64Array.from(toDense(precision).data);
      points.push({ precision: dense, edges: edgesOf(dense, size), setting: `${lambda0} ${lambda2}` });
    }
  }
  return points;
}

/** The graphical lasso on penalties in equal steps of the logarithm, from the empty graph to 2 % of that penalty. */
export async function lassoPath(
  lasso: GraphicalLasso,
  samples: Matrix,
  maxEdges: number,
  count = 50,
): Promise<PathPoint[]> {
  const size = samples.shape[1], moments = secondMoments(samples);
  const largest = moments.reduce((most, x, at) => at % (size + 1) === 0 ? most : Math.max(most, Math.abs(x)), 0);
  const penalties = Array.from({ length: count }, (_, k) => largest * 0.02 ** (k / (count - 1)));
  const precisions = await lasso.path(moments, size, penalties, maxEdges);
  return precisions.map((precision, k) => ({
    precision,
    edges: edgesOf(precision, size),
    setting: String(penalties[k]),
  }));
}

/** `tr S T - log det T`: the normal distribution's loss; infinite where `T` is not positive definite. */
export function normalLoss(precision: Float64Array, moments: Float64Array, size: number): number {
  const factor = cholesky(precision, size);
  if (!factor) return Infinity;
  return precision.reduce((sum, value, at) => sum + value * moments[at], 0) -
    logDeterminantOf(factor, size);
}

/** The extended Bayesian information criterion of Foygel & Drton (2010) with gamma 1/2. */
export function extendedBic(point: PathPoint, moments: Float64Array, samples: number, size: number): number {
  return samples * normalLoss(point.precision, moments, size) +
    point.edges.size * (Math.log(samples) + 2 * Math.log(size));
}

/** The point of least value. */
export function least<T>(points: readonly T[], value: (point: T) => number): T {
  return points.reduce(({ best, score }, point) => {
    const next = value(point);
    return next < score ? { best: point, score: next } : { best, score };
  }, { best: points[0], score: Infinity }).best;
}

/** A precision matrix of standardised columns on the scale of the columns themselves. */
export function unstandardized(precision: Float64Array, { deviations }: Standardized): Float64Array {
  const size = deviations.length;
  return precision.map((value, at) => value / deviations[Math.floor(at / size)] / deviations[at % size]);
}
