/** How much of a sparse truth an estimate found. */

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
  const wrong = found.size - correct, missed = truth.size - correct, rejected = candidates - found.size - missed;
  const share = (part: number, whole: number) => whole === 0 ? 0 : part / whole;
  const product = found.size * truth.size * (rejected + wrong) * (rejected + missed);
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
