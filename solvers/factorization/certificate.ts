/** What is said of an archetypal factorisation: plain f64 sums over the data and the factors that are returned. @module */

import { addRows, plainDot, rowProducts } from "../core/plain_sums.ts";
import type { Products } from "./products.ts";

/** Multiply-adds between two checkpoints. */
const workTogether = 4e6;

/** Rows that are added to sums together, so that the sums are read and written less often. */
const rowsTogether = 4;

/** Sums `sum_i w_ti row_i`, one for each of `rank` rows of weights. */
function createRowSums(rank: number, columns: number) {
  const all = new Float64Array(rank * columns), rows = new Float64Array(rowsTogether * columns);
  const sums = Array.from({ length: rank }, (_, t) => all.subarray(t * columns, (t + 1) * columns));
  const offsets = Array.from({ length: rowsTogether }, (_, slot) => slot * columns);
  const slots = offsets.map((at) => rows.subarray(at, at + columns));
  const shares = sums.map(() => new Array<number>(rowsTogether).fill(0));
  let filled = 0;
  function finish(): void {
    sums.forEach((sum, t) => {
      if (shares[t].some((share) => share !== 0)) addRows(sum, rows, offsets, shares[t]);
      shares[t].fill(0);
    });
    filled = 0;
  }
  return {
    all,
    sums,
    /** The place of the next row. */
    place: () => slots[filled].fill(0),
    /** Adds the row in that place, by a weight for each sum: every `stride`-th from `offset` on. */
    add(weights: ArrayLike<number>, offset: number, stride: number): void {
      for (let t = 0; t < rank; t++) shares[t][filled] = weights[offset + t * stride];
      if (++filled === rowsTogether) finish();
    },
    /** Adds what still waits. */
    finish,
  };
}

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
  const pulls = createRowSums(rank, columns), gradient = new Float64Array(rank);
  let fit = 0, weightsGap = 0, work = 0;
  const step = async (done: number) => {
    work += done;
    if (work < workTogether) return;
    work = 0;
    await pause();
  };
  for (let i = 0; i < rows; i++) {
    const residual = pulls.place();
    products.addRow(residual, 1, i);
    for (let t = 0; t < rank; t++) shares[t] = -weights[t * rows + i];
    addRows(residual, all, offsetsOfRows, shares);
    let mean = 0, least = Infinity;
    fit += plainDot(residual, residual);
    rowProducts(all, residual, gradient);
    for (let t = 0; t < rank; t++) {
      gradient[t] *= -2;
      mean += weights[t * rows + i] * gradient[t];
      least = Math.min(least, gradient[t]);
    }
    pulls.add(weights, i, rows);
    weightsGap += Math.max(0, mean - least);
    await step(3 * rank * columns);
  }
  pulls.finish();
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
      const slope = lambda * offsets[t][j] - pulls.sums[t][j];
      if (H[t][j] !== 0) squares += slope * slope;
    }
    // Half the gradient is the slope, and half the curvature at least lambda.
    archetypesGap += squares / lambda;
  }
  const pulling = mixture ? pulls.all : allOffsets, factor = mixture ? -2 : -2 * lambda;
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
  // No block gains more than the terms that it is in: their least is 0.
  const priced = mixture ? 0 : lambda * archetypal;
  return {
    fit,
    archetypal,
    weightsGap: Math.min(weightsGap, fit),
    hullGap: Math.min(hullGap, mixture ? fit : priced),
    archetypesGap: Math.min(archetypesGap, fit + priced),
  };
}
