/** Systems of a positive definite matrix, which is given entry by entry or by its products. @module */

import { createPace, type Steps } from "../core/steps.ts";

/** A lower triangle, packed row by row. */
export type Triangle = Float64Array;

/** Place of the first entry of a row of a packed triangle. */
export function rowStart(row: number): number {
  return row * (row + 1) / 2;
}

/** Share of a diagonal entry below which what the rows before leave of it is rounding. */
export const dependentShare = 1e-14;

/**
 * Cholesky factor in place, O(size^3 / 6); false where the matrix is not positive definite to rounding, or the time is up.
 */
export function* factorTriangle(a: Triangle, size: number): Steps<boolean> {
  const isDue = createPace();
  for (let i = 0; i < size; i += 2) {
    if (!(i + 1 < size ? factorRows(a, i) : factorRow(a, i))) return false;
    if (isDue(i * i) && (yield)) return false;
  }
  return true;
}

/** Rows `i` and `i + 1` of a factor, `i` even: two columns at a time, so that every entry is read for two sums. */
function factorRows(a: Triangle, i: number): boolean {
  const p = rowStart(i), q = rowStart(i + 1), whole = a[p + i], wholeNext = a[q + i + 1];
  for (let j = 0; j < i; j += 2) {
    const f = rowStart(j), g = rowStart(j + 1);
    let s = 0, t = 0, u = 0, v = 0;
    for (let k = 0; k < j; k++) {
      const x = a[p + k], y = a[q + k], left = a[f + k], right = a[g + k];
      s += x * left;
      t += x * right;
      u += y * left;
      v += y * right;
    }
    const x = a[p + j] = (a[p + j] - s) / a[f + j], y = a[q + j] = (a[q + j] - u) / a[f + j];
    a[p + j + 1] = (a[p + j + 1] - t - x * a[g + j]) / a[g + j + 1];
    a[q + j + 1] = (a[q + j + 1] - v - y * a[g + j]) / a[g + j + 1];
  }
  let s = 0, t = 0, u = 0;
  for (let k = 0; k < i; k++) {
    const x = a[p + k], y = a[q + k];
    s += x * x;
    t += x * y;
    u += y * y;
  }
  const left = whole - s;
  if (!(left > dependentShare * whole)) return false;
  const x = a[p + i] = Math.sqrt(left), y = a[q + i] = (a[q + i] - t) / x, leftNext = wholeNext - u - y * y;
  if (!(leftNext > dependentShare * wholeNext)) return false;
  a[q + i + 1] = Math.sqrt(leftNext);
  return true;
}

/** Row `i` of a factor. */
function factorRow(a: Triangle, i: number): boolean {
  const p = rowStart(i), whole = a[p + i];
  let left = whole;
  for (let j = 0; j < i; j++) {
    const f = rowStart(j);
    let sum = a[p + j];
    for (let k = 0; k < j; k++) sum -= a[p + k] * a[f + k];
    const x = a[p + j] = sum / a[f + j];
    left -= x * x;
  }
  if (!(left > dependentShare * whole)) return false;
  a[p + i] = Math.sqrt(left);
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
 * @param isDue Counts them, with those of other systems.
 * @returns the solution; nothing where `most` products were not enough, or the time is up
 */
export function* conjugateGradients(
  multiply: (x: Float64Array) => Float64Array,
  diagonal: Float64Array,
  b: Float64Array,
  tolerance: number,
  most: number,
  work: number,
  isDue = createPace(),
): Steps<Float64Array | undefined> {
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
  // Columns of the inverse of the factor are rows here: row `j` starts at its own place `j`.
  const half = new Float64Array(size * size), result = new Float64Array(size * size);
  for (let j = 0; j < size; j += together) {
    const count = Math.min(together, size - j);
    solveColumns(factor, size, half, j, count);
    if (isDue(count * (size - j) ** 2 / 2) && (yield)) return undefined;
  }
  for (let i = 0; i < size; i++) {
    const own = i * size;
    for (let j = 0; j <= i; j++) {
      const sum = dotFrom(half, own, j * size, i, size);
      result[own + j] = result[j * size + i] = sum;
    }
    if (isDue(i * (size - i)) && (yield)) return undefined;
  }
  return result;
}

/** Columns that are solved for together: an entry of the factor is read once for all. */
const together = 4;

/** Rows `j` to `j + count` of the transposed inverse of a factor: solutions of `L x = e_j`. */
function solveColumns(factor: Triangle, size: number, half: Float64Array, j: number, count: number): void {
  for (let c = 0; c < count; c++) half[(j + c) * size + j + c] = 1 / factor[rowStart(j + c) + j + c];
  const a = j * size, b = a + (count > 1 ? size : 0), c = a + (count > 2 ? 2 * size : 0);
  const d = a + (count > 3 ? 3 * size : 0);
  for (let i = j + 1; i < size; i++) {
    const row = rowStart(i), scale = -1 / factor[row + i];
    let s = 0, t = 0, u = 0, v = 0;
    // A column is zero above its own place.
    for (let k = j; k < i; k++) {
      const entry = factor[row + k];
      s += entry * half[a + k];
      t += entry * half[b + k];
      u += entry * half[c + k];
      v += entry * half[d + k];
    }
    half[a + i] = s * scale;
    if (count > 1 && i > j + 1) half[b + i] = t * scale;
    if (count > 2 && i > j + 2) half[c + i] = u * scale;
    if (count > 3 && i > j + 3) half[d + i] = v * scale;
  }
}

/** `sum_k x[a + k] x[b + k]` for `k` from `begin` to `end`. */
function dotFrom(x: Float64Array, a: number, b: number, begin: number, end: number): number {
  // Four sums at a time do not wait for one another.
  let s = 0, t = 0, u = 0, v = 0, k = begin;
  for (; k + 3 < end; k += 4) {
    s += x[a + k] * x[b + k];
    t += x[a + k + 1] * x[b + k + 1];
    u += x[a + k + 2] * x[b + k + 2];
    v += x[a + k + 3] * x[b + k + 3];
  }
  for (; k < end; k++) s += x[a + k] * x[b + k];
  return s + t + (u + v);
}
