/** From a caller's samples to the matrix that is factored: checked, and scaled by a power of two. @module */

import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import { checkMatrix, checkSparseMatrix, type Matrix, type SparseMatrix, type Vector } from "../core/matrix.ts";

/** Samples as callers give them. */
export type Samples = Matrix | SparseMatrix;

/** Largest magnitude of the data: their squares are far from overflow. */
const largest = 1e100;

/** Least magnitude, unless all are zero. */
const least = 1e-100;

/** Whether samples are a sparse matrix. */
export function isSparse(X: Samples): X is SparseMatrix {
  return typeof X === "object" && X !== null && "format" in X;
}

/**
 * Checks samples, and finds a power of two by which they come to magnitudes around one.
 *
 * @param signs Whether negative numbers are allowed.
 * @throws {ShapeError} for no samples or no features
 * @throws {DataError} for NaN, infinities, magnitudes beyond 1e100 or below 1e-100, and for negative numbers
 */
export function checkSamples(
  X: Samples,
  action: string,
  signs: "nonnegative" | "any" = "nonnegative",
  argument = "X",
): { rows: number; columns: number; scale: number } {
  if (isSparse(X)) checkSparseMatrix(argument, X, action);
  else checkMatrix(argument, X, action);
  const [rows, columns] = X.shape;
  if (rows === 0 || columns === 0) {
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${argument}" is ${rows} x ${columns}, but needs a sample and a feature.`,
    );
  }
  return { rows, columns, scale: scaleOf(X.data, argument, action, signs, isSparse(X) ? undefined : columns) };
}

/** A power of two that brings the largest magnitude into [1, 2). */
export function scaleOf(
  data: Vector,
  argument: string,
  action: string,
  signs: "nonnegative" | "any",
  columns?: number,
): number {
  let magnitude = 0, negative = -1;
  for (let at = 0; at < data.length; at++) {
    const value = data[at];
    if (value > magnitude) magnitude = value;
    else if (value < 0) {
      if (negative < 0) negative = at;
      if (-value > magnitude) magnitude = -value;
    }
  }
  if (negative >= 0 && signs === "nonnegative") {
    const place = columns === undefined
      ? `entry ${negative}`
      : `row ${Math.floor(negative / columns)}, column ${negative % columns}`;
    throw new DataError(
      argument,
      `Cannot ${action}: expected numbers >= 0 in "${argument}", received ${data[negative]} at ${place}.`,
    );
  }
  if (magnitude === 0) return 1;
  if (magnitude > largest || magnitude < least) {
    throw new DataError(
      argument,
      `Cannot ${action}: expected a largest magnitude between ${least} and ${largest} in "${argument}", received ${magnitude}.`,
    );
  }
  return powerOfTwo(magnitude);
}

/** The power of two that brings a number above 0 into [1, 2); 1 for 0. */
export function powerOfTwo(magnitude: number): number {
  return magnitude > 0 ? 2 ** Math.floor(Math.log2(magnitude)) : 1;
}

/** The largest of numbers that are not negative. */
export function largestOf(values: Vector): number {
  let largest = 0;
  for (let at = 0; at < values.length; at++) if (values[at] > largest) largest = values[at];
  return largest;
}

/** Refuses more archetypes than samples. @throws {OptionError} */
export function checkRank(rank: number, samples: number): void {
  if (rank <= samples) return;
  throw new OptionError("rank", `Cannot use "rank": expected at most ${samples}, one a sample, received ${rank}.`);
}
