/** Systems of a positive definite matrix, which is given entry by entry or by its products. @module */

import { plainDot } from "../core/plain_sums.ts";
import { createPace, type Steps } from "../core/steps.ts";

/** A lower triangle, packed row by row. */
export type Triangle = Float64Array;

/** Place of the first entry of a row of a packed triangle. */
export function rowStart(row: number): number {
  return row * (row + 1) / 2;
}

/**
 * Cholesky factor in place, O(size^3 / 6); false where the matrix is not positive definite to rounding, or the time is up.
 */
export function* factorTriangle(a: Triangle, size: number): Steps<boolean> {
  const isDue = createPace();
  for (let i = 0; i < size; i++) {
    const rowI = rowStart(i), whole = a[rowI + i];
    for (let j = 0; j <= i; j++) {
      const rowJ = rowStart(j);
      // Four sums at a time do not wait for one another.
      let sum = a[rowI + j], s = 0, t = 0, u = 0, k = 0;
      for (; k + 3 < j; k += 4) {
        sum -= a[rowI + k] * a[rowJ + k];
        s += a[rowI + k + 1] * a[rowJ + k + 1];
        t += a[rowI + k + 2] * a[rowJ + k + 2];
        u += a[rowI + k + 3] * a[rowJ + k + 3];
      }
      for (; k < j; k++) sum -= a[rowI + k] * a[rowJ + k];
      sum -= s + (t + u);
      if (j < i) a[rowI + j] = sum / a[rowJ + j];
      else if (sum > 1e-14 * whole) a[rowI + i] = Math.sqrt(sum);
      else return false;
    }
    if (isDue(i * i / 2) && (yield)) return false;
  }
  return true;
}

/** Solves `L L^T x = b` in place. */
export function solveTriangle(factor: Triangle, size: number, x: Float64Array): void {
  for (let i = 0; i < size; i++) {
    const row = rowStart(i);
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= factor[row + k] * x[k];
    x[i] = sum / factor[row + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    const row = rowStart(i), value = x[i] /= factor[row + i];
    for (let k = 0; k < i; k++) x[k] -= factor[row + k] * value;
  }
}

/**
 * Conjugate gradients with the diagonal as preconditioner, from zero.
 *
 * @param tolerance Norm of the residual as a share of that of `b`, both weighed by the preconditioner.
 * @param work Multiply-adds of a product.
 * @returns the solution; nothing where `most` products were not enough, or the time is up
 */
export function* conjugateGradients(
  multiply: (x: Float64Array) => Float64Array,
  diagonal: Float64Array,
  b: Float64Array,
  tolerance: number,
  most: number,
  work: number,
): Steps<Float64Array | undefined> {
  const isDue = createPace();
  const x = new Float64Array(b.length), residual = b.slice();
  const scaled = residual.map((value, i) => value / diagonal[i]), direction = scaled.slice();
  let size = inner(residual, scaled);
  const enough = tolerance * tolerance * size;
  for (let made = 0; size > enough; made++) {
    if (made === most || isDue(work) && (yield)) return undefined;
    const product = multiply(direction), curvature = inner(direction, product);
    if (!(curvature > 0)) return undefined;
    const step = size / curvature, before = size;
    for (let i = 0; i < x.length; i++) {
      x[i] += step * direction[i];
      residual[i] -= step * product[i];
      scaled[i] = residual[i] / diagonal[i];
    }
    size = inner(residual, scaled);
    for (let i = 0; i < x.length; i++) direction[i] = scaled[i] + size / before * direction[i];
  }
  return x;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The inverse [size, size] of the matrix with a Cholesky factor: O(size^3); nothing where the time is up. */
export function* invertTriangle(factor: Triangle, size: number): Steps<Float64Array | undefined> {
  const isDue = createPace();
  // Columns of the inverse of the factor are rows here: each starts at its own place.
  const inverse = new Float64Array(size * size), result = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const column = inverse.subarray(j * size, (j + 1) * size);
    column[j] = 1 / factor[rowStart(j) + j];
    for (let i = j + 1; i < size; i++) {
      const row = rowStart(i);
      let sum = 0;
      for (let k = j; k < i; k++) sum -= factor[row + k] * column[k];
      column[i] = sum / factor[row + i];
    }
    if (isDue((size - j) ** 2 / 2) && (yield)) return undefined;
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = plainDot(inverse, inverse.subarray(j * size + i, (j + 1) * size), size - i, i * size + i);
      result[i * size + j] = result[j * size + i] = sum;
    }
    if (isDue(i * (size - i)) && (yield)) return undefined;
  }
  return result;
}
