import type { Random } from "../core/random.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { type RitzPair, tridiagonalEigenpairs } from "./tridiagonal.ts";

/** A symmetric operator: writes its product with `vector` to `out`. */
export type Operator = (vector: Float64Array, out: Float64Array) => Promise<void>;

/** What Lanczos' method has found. */
export interface Lanczos {
  /** Ritz pairs from the largest value down. */
  readonly pairs: readonly RitzPair[];
  /** How far each value may be from an eigenvalue: the norm of its residual. */
  readonly residuals: Float64Array;
  /** The Ritz vector of a pair. */
  vectorOf(pair: RitzPair): Float64Array;
  /** The largest Ritz value after each step. */
  readonly trace: readonly number[];
  /** The time was up before the steps. */
  readonly stopped: boolean;
}

/**
 * Lanczos' method from a random vector, with full orthogonalisation twice, so that no value appears in copies. Ends early
 * where the largest value has settled to `tolerance`, or the space is exhausted.
 *
 * @param pause Called after every step. @returns whether the time is up
 */
export async function lanczos(
  operator: Operator,
  size: number,
  { steps, tolerance, random }: { steps: number; tolerance: number; random: Random },
  pause: (step: number, largest: number) => Promise<boolean>,
): Promise<Lanczos> {
  const basis: Float64Array[] = [], alpha: number[] = [], beta: number[] = [], trace: number[] = [];
  let next = Float64Array.from({ length: size }, random.normal), pairs: RitzPair[] = [], last = 0, stopped = false;
  scale(next, 1 / Math.sqrt(plainDot(next, next)));
  for (let step = 0; step < Math.min(steps, size); step++) {
    basis.push(next);
    const image = new Float64Array(size);
    await operator(next, image);
    alpha.push(plainDot(next, image));
    for (let turn = 0; turn < 2; turn++) {
      for (const vector of basis) addScaled(image, -plainDot(vector, image), vector);
    }
    last = Math.sqrt(plainDot(image, image));
    pairs = tridiagonalEigenpairs(alpha, beta);
    const size0 = pairs.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
    trace.push(pairs[0].value);
    if (await pause(step + 1, pairs[0].value)) {
      stopped = step + 1 < Math.min(steps, size);
      break;
    }
    // What is left is rounding: the basis spans all that the operator does.
    if (last <= 1e-14 * size0 || last === 0) {
      last = 0;
      break;
    }
    if (step >= 2 && last * Math.abs(pairs[0].last) <= tolerance * Math.abs(pairs[0].value)) break;
    beta.push(last);
    next = image;
    scale(next, 1 / last);
  }
  return {
    pairs,
    residuals: Float64Array.from(pairs, (pair) => Math.abs(last * pair.last)),
    vectorOf(pair) {
      const vector = new Float64Array(size);
      pair.vector.forEach((weight, i) => addScaled(vector, weight, basis[i]));
      return vector;
    },
    trace,
    stopped,
  };
}

function scale(vector: Float64Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] *= factor;
}
