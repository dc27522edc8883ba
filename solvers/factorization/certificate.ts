/** What is said of a factorisation: plain f64 sums over the data and the factors that are returned. @module */

import { addScaled, plainDot } from "../core/plain_sums.ts";
import type { Products } from "./products.ts";

/** Multiply-adds between two checkpoints. */
const workTogether = 4e6;

/** Sums of an archetypal factorisation. */
export interface ArchetypalSums {
  /** `||X - W H||^2`. */
  readonly fit: number;
  /** `||H - V X||^2`. */
  readonly archetypal: number;
  /** What the best weights for these archetypes would gain at most: the sum of the simplex gaps of the rows of `W`. */
  readonly weightsGap: number;
  /** The same for the rows of `V`. */
  readonly hullGap: number;
}

/** A factorisation `X ~ W H`, `H ~ V X`, transposed weights. */
export interface PlainFactors {
  readonly rank: number;
  readonly archetypes: Float32Array | Float64Array;
  readonly weights: Float32Array | Float64Array;
  readonly hull: Float32Array | Float64Array;
}

/** O(samples features rank). */
export async function archetypalSums(
  products: Products,
  { rank, archetypes, weights, hull }: PlainFactors,
  lambda: number,
  pause: () => Promise<unknown>,
): Promise<ArchetypalSums> {
  const { rows, columns } = products, mixture = lambda === Infinity;
  const H = Array.from({ length: rank }, (_, t) => archetypes.subarray(t * columns, (t + 1) * columns));
  // Where archetypes are in the hull, `W^T (X - W H)` is what they pull at.
  const pulls = H.map(() => new Float64Array(mixture ? columns : 0));
  const residual = new Float64Array(columns), gradient = new Float64Array(rank);
  let fit = 0, weightsGap = 0, work = 0;
  const step = async (done: number) => {
    work += done;
    if (work < workTogether) return;
    work = 0;
    await pause();
  };
  for (let i = 0; i < rows; i++) {
    products.addRow(residual.fill(0), 1, i);
    for (let t = 0; t < rank; t++) {
      const w = weights[t * rows + i];
      if (w !== 0) addScaled(residual, -w, H[t]);
    }
    let mean = 0, least = Infinity, square = 0;
    for (let j = 0; j < columns; j++) square += residual[j] * residual[j];
    fit += square;
    for (let t = 0; t < rank; t++) {
      gradient[t] = -2 * plainDot(H[t], residual);
      mean += weights[t * rows + i] * gradient[t];
      least = Math.min(least, gradient[t]);
      if (mixture && weights[t * rows + i] !== 0) addScaled(pulls[t], weights[t * rows + i], residual);
    }
    weightsGap += Math.max(0, mean - least);
    await step(2 * rank * columns);
  }
  let archetypal = 0, hullGap = 0;
  const own = new Float64Array(columns), line = new Float64Array(columns);
  const offsets = H.map((archetype, t) => {
    const offset = own.slice();
    for (let j = 0; j < columns; j++) offset[j] = archetype[j];
    for (let i = 0; i < rows; i++) {
      const v = hull[t * rows + i];
      if (v !== 0) products.addRow(offset, -v, i);
    }
    for (let j = 0; j < columns; j++) archetypal += offset[j] * offset[j];
    return offset;
  });
  const pulling = mixture ? pulls : offsets, factor = mixture ? -2 : -2 * lambda;
  const means = new Float64Array(rank), leasts = new Float64Array(rank).fill(Infinity);
  for (let i = 0; i < rows && lambda > 0; i++) {
    products.addRow(line.fill(0), 1, i);
    for (let t = 0; t < rank; t++) {
      const slope = factor * plainDot(line, pulling[t]);
      means[t] += hull[t * rows + i] * slope;
      leasts[t] = Math.min(leasts[t], slope);
    }
    await step(rank * columns);
  }
  if (lambda > 0) means.forEach((mean, t) => hullGap += Math.max(0, mean - leasts[t]));
  return { fit, archetypal, weightsGap, hullGap };
}
