/** What is said of a factorisation: plain f64 sums over the data and the factors that are returned. @module */

import { addRows, addScaled, plainDot, rowProducts } from "../core/plain_sums.ts";
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
  /** What other archetypes on the same support would gain at most: the objective is strongly convex in them. */
  readonly archetypesGap: number;
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
  const all = Float64Array.from(archetypes), offsetsOfRows = Array.from({ length: rank }, (_, t) => t * columns);
  const H = offsetsOfRows.map((at) => all.subarray(at, at + columns)), shares = new Array<number>(rank).fill(0);
  // `W^T (X - W H)`: what the samples want of the archetypes.
  const allPulls = new Float64Array(rank * columns);
  const pulls = offsetsOfRows.map((at) => allPulls.subarray(at, at + columns));
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
    for (let t = 0; t < rank; t++) shares[t] = -weights[t * rows + i];
    addRows(residual, all, offsetsOfRows, shares);
    let mean = 0, least = Infinity;
    fit += plainDot(residual, residual);
    rowProducts(all, residual, gradient);
    for (let t = 0; t < rank; t++) {
      gradient[t] *= -2;
      mean += weights[t * rows + i] * gradient[t];
      least = Math.min(least, gradient[t]);
      if (weights[t * rows + i] !== 0) addScaled(pulls[t], weights[t * rows + i], residual);
    }
    weightsGap += Math.max(0, mean - least);
    await step(3 * rank * columns);
  }
  let archetypal = 0, hullGap = 0;
  const line = new Float64Array(columns);
  const allOffsets = all.slice();
  const offsets = offsetsOfRows.map((at, t) => {
    const offset = allOffsets.subarray(at, at + columns);
    for (let i = 0; i < rows; i++) {
      const v = hull[t * rows + i];
      if (v !== 0) products.addRow(offset, -v, i);
    }
    for (let j = 0; j < columns; j++) archetypal += offset[j] * offset[j];
    return offset;
  });
  let archetypesGap = 0;
  for (let t = 0; t < rank && lambda > 0 && !mixture; t++) {
    let squares = 0;
    for (let j = 0; j < columns; j++) {
      const slope = lambda * offsets[t][j] - pulls[t][j];
      if (H[t][j] !== 0) squares += slope * slope;
    }
    // Half the gradient is the slope, and half the curvature at least lambda.
    archetypesGap += squares / lambda;
  }
  const pulling = mixture ? allPulls : allOffsets, factor = mixture ? -2 : -2 * lambda;
  const means = new Float64Array(rank), leasts = new Float64Array(rank).fill(Infinity);
  for (let i = 0; i < rows && lambda > 0; i++) {
    products.addRow(line.fill(0), 1, i);
    rowProducts(pulling, line, gradient);
    for (let t = 0; t < rank; t++) {
      const slope = factor * gradient[t];
      means[t] += hull[t * rows + i] * slope;
      leasts[t] = Math.min(leasts[t], slope);
    }
    await step(rank * columns);
  }
  if (lambda > 0) means.forEach((mean, t) => hullGap += Math.max(0, mean - leasts[t]));
  return { fit, archetypal, weightsGap, hullGap, archetypesGap };
}

/** Sums of a plain factorisation. */
export interface PlainSums {
  /** The weighted sum of squares of `X - W H`. */
  readonly fit: number;
  /** The most that a change of one entry of either factor, all else fixed, would lower it by. */
  readonly largestGain: number;
}

/**
 * Sums of `X ~ W H` with transposed weights, `weights` [rank, rows]. O(samples features rank).
 *
 * @param entryWeights Weight of each entry of the data, where entries have weights.
 */
export async function plainSums(
  { rows, columns, addRow }: Products,
  { rank, components, weights }: {
    readonly rank: number;
    readonly components: Float32Array | Float64Array;
    readonly weights: Float32Array | Float64Array;
  },
  entryWeights: ArrayLike<number> | undefined,
  pause: () => Promise<unknown>,
): Promise<PlainSums> {
  const all = Float64Array.from(components), offsets = Array.from({ length: rank }, (_, t) => t * columns);
  const H = offsets.map((at) => all.subarray(at, at + columns)), shares = new Array<number>(rank).fill(0);
  const products = new Float64Array(rank);
  const slopes = H.map(() => new Float64Array(columns)), residual = new Float64Array(columns);
  const curvatures = H.map(() => new Float64Array(entryWeights ? columns : 1)), squares = new Float64Array(columns);
  let fit = 0, largestGain = 0, work = 0;
  const own = H.map((h) => plainDot(h, h));
  for (let i = 0; i < rows; i++) {
    addRow(residual.fill(0), 1, i);
    for (let t = 0; t < rank; t++) shares[t] = -weights[t * rows + i];
    addRows(residual, all, offsets, shares);
    for (let j = 0; j < columns; j++) {
      const m = entryWeights ? entryWeights[i * columns + j] : 1, e = residual[j];
      residual[j] = m * e;
      fit += m * e * e;
      if (entryWeights) squares[j] = m;
    }
    rowProducts(all, residual, products);
    for (let t = 0; t < rank; t++) {
      const w = weights[t * rows + i];
      let curvature = own[t];
      if (entryWeights) {
        curvature = 0;
        for (let j = 0; j < columns; j++) curvature += squares[j] * H[t][j] * H[t][j];
      }
      largestGain = Math.max(largestGain, gainOf(w, products[t], curvature));
      if (w === 0) continue;
      addScaled(slopes[t], w, residual);
      if (entryWeights) addScaled(curvatures[t], w * w, squares);
      else curvatures[t][0] += w * w;
    }
    work += 3 * rank * columns;
    if (work < workTogether) continue;
    work = 0;
    await pause();
  }
  H.forEach((h, t) => {
    for (let j = 0; j < columns; j++) {
      const gain = gainOf(h[j], slopes[t][j], curvatures[t][entryWeights ? j : 0]);
      largestGain = Math.max(largestGain, gain);
    }
  });
  return { fit, largestGain };
}

/** What the best value >= 0 of an entry gains, where the sum of squares falls by `2 slope` a unit at first. */
function gainOf(value: number, slope: number, curvature: number): number {
  if (!(curvature > 0)) return 0;
  const change = Math.max(-value, slope / curvature);
  return change * (2 * slope - curvature * change);
}
