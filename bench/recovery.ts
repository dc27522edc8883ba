/** How much of a sparse truth an estimate found. */

import { cholesky, inverseOf, logDeterminantOf } from "./linear_algebra.ts";

/** Counts and rates of a found set against a true one. */
export interface Recovery {
  readonly found: number;
  readonly correct: number;
  /** Share of the found that is true. */
  readonly precision: number;
  /** Share of the true that is found. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
  /** Matthews correlation coefficient, -1 to 1. */
  readonly matthews: number;
}

/** Compares a found set with the true one among `candidates` things that could be found. */
export function recovery(found: ReadonlySet<number>, truth: ReadonlySet<number>, candidates: number): Recovery {
  const correct = [...found].filter((item) => truth.has(item)).length;
  const wrong = found.size - correct,
    missed = truth.size - correct,
    rejected = candidates - found.size - missed;
  const share = (part: number, whole: number) => whole === 0 ? 0 : part / whole;
  const product = found.size * truth.size * (rejected + wrong) *
    (rejected + missed);
  return {
    found: found.size,
    correct,
    precision: share(correct, found.size),
    recall: share(correct, truth.size),
    f1: share(2 * correct, found.size + truth.size),
    matthews: product === 0 ? 0 : (correct * rejected - wrong * missed) / Math.sqrt(product),
  };
}

/** `||estimate - truth||_F / ||truth||_F`. */
export function relativeError(estimate: Float64Array, truth: Float64Array): number {
  let error = 0, size = 0;
  truth.forEach((value, at) => {
    error += (estimate[at] - value) ** 2;
    size += value * value;
  });
  return Math.sqrt(error / size);
}

/**
 * Numbers `i * size + j`, `i < j`, of the entries above the diagonal that are not zero: what recovery of a graph
 * counts.
 */
export function edgesOf(precision: ArrayLike<number>, size: number): Set<number> {
  const edges = new Set<number>();
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      if (precision[i * size + j] !== 0) edges.add(i * size + j);
    }
  }
  return edges;
}

/**
 * Divergence of the normal distribution with the true precision matrix `T` from the one estimated,
 * `(tr(E T^-1) - log det(E T^-1) - size) / 2`; `null` where the estimate `E` is not positive definite.
 */
export function divergence(estimate: Float64Array, truth: Float64Array, size: number): number | null {
  const factor = cholesky(estimate, size);
  if (!factor) return null;
  const covariance = inverseOf(truth, size);
  let trace = 0;
  estimate.forEach((value, at) => trace += value * covariance[at]);
  const ratio = logDeterminantOf(factor, size) -
    logDeterminantOf(cholesky(truth, size)!, size);
  return (trace - ratio - size) / 2;
}
