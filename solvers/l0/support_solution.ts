import { boundedLeastSquaresInSteps } from "./bounded_least_squares.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { createPace, inSteps, type Steps, whateverTheTime } from "../core/steps.ts";
import { type ReducedLeastSquares, reduceGramInSteps, reduceLeastSquares } from "./reduced.ts";
import { createSubsetFactor } from "./subset_factor.ts";

/** Columns of a least-squares problem as it is solved: centred and scaled. */
export interface SupportData {
  /** One column of `X` a feature of the support; not changed. */
  readonly columns: readonly Float64Array[];
  readonly response: Float64Array;
  readonly lambda2: number;
  /** Bounds of each coefficient, which may be infinite. */
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
  /** Rows of the columns' Gram matrix without ridge, where they are known. */
  readonly gram?: readonly Float64Array[];
  /** `X^T y` on the support, beside `gram`. */
  readonly linear?: ArrayLike<number>;
}

/** The minimiser of loss and ridge on a support; where bounds bind and the time is up, a point within them. */
export interface SupportSolution {
  /** One coefficient a column; 0 for columns that depend on those before them. */
  readonly coefficients: Float64Array;
  /** `||y - X b||^2 / 2`, from the residual. */
  readonly loss: number;
  /** Places of the columns that depend on those before them. */
  readonly dependent: readonly number[];
}

/** Steps of refinement by residuals of the data, and the relative correction after which no other one is needed. */
const refinements = 2, enough = 1e-9;

/**
 * The least-squares solution on a support within its bounds: from the Gram matrix where that is well conditioned, elsewhere
 * by Householder reflections of the columns, so that no condition number is squared; refined by residuals of the data
 * (corrected semi-normal equations, Bjorck 1987).
 *
 * O(support^3 + samples x support), by reflections O(samples x support^2). Where bounds bind, see
 * {@linkcode boundedLeastSquaresInSteps}.
 *
 * @param pause Called every now and then; true once the time is up, which ends the search for the bounds that bind alone: an
 *   answer needs its coefficients.
 */
export function solveSupport(data: SupportData, pause: () => Promise<boolean>): Promise<SupportSolution> {
  return inSteps(solveInSteps(data), pause);
}

function* solveInSteps(data: SupportData): Steps<SupportSolution> {
  const isDue = createPace();
  const { columns, response, lambda2, lower, upper, gram } = data;
  const samples = response.length, count = columns.length;
  if (count === 0) return { coefficients: new Float64Array(0), loss: halfSquare(response), dependent: [] };
  const reduced = (yield* whateverTheTime(reduceInSteps(data)))!;
  const everything = columns.map((_, k) => k);
  const factor = createSubsetFactor(reduced);
  yield* factor.takeInSteps(everything);
  const dependent = factor.dependent(), independent = everything.filter((k) => !dependent.includes(k));
  let coefficients = factor.coefficients(), taken = everything;
  if (!everything.every((k) => coefficients[k] >= lower[k] && coefficients[k] <= upper[k])) {
    ({ coefficients } = yield* boundedLeastSquaresInSteps(reduced, lower, upper, coefficients));
    taken = independent.filter((k) => coefficients[k] > lower[k] && coefficients[k] < upper[k]);
    yield* factor.takeInSteps(taken);
  }
  const residual = new Float64Array(samples);
  for (let step = 0;; step++) {
    residual.set(response);
    for (let k = 0; k < count; k += 4) {
      subtractScaled(residual, columns, coefficients, k);
      if (isDue(4 * samples)) yield;
    }
    if (step === refinements || taken.length === 0) break;
    const gradient = new Float64Array(taken.length);
    for (let at = 0; at < taken.length; at++) {
      const k = taken[at];
      gradient[at] = plainDot(columns[k], residual) - 2 * lambda2 * coefficients[k];
      if (isDue(samples)) yield;
    }
    const correction = factor.solveNormal(gradient);
    let largest = 0, most = 0;
    taken.forEach((k, i) => {
      coefficients[k] = Math.min(Math.max(coefficients[k] + correction[i], lower[k]), upper[k]);
      if (gram === undefined) return;
      const length = Math.sqrt(gram[k][k]);
      largest = Math.max(largest, length * Math.abs(correction[i]));
      most = Math.max(most, length * Math.abs(coefficients[k]));
    });
    // Each step squares the relative error: the next would change nothing.
    if (largest < enough * most) step = refinements - 1;
  }
  return { coefficients, loss: halfSquare(residual), dependent };
}

/**
 * The triangular form of a support: from the Gram matrix where that is well conditioned, from the columns elsewhere.
 *
 * @param pause Called every now and then; true ends it.
 * @returns Nothing where it was ended.
 */
export async function reduceSupport<P extends boolean>(
  data: Omit<SupportData, "lower" | "upper">,
  pause: () => Promise<P>,
): Promise<ReducedLeastSquares | (P extends false ? never : undefined)> {
  return await inSteps(reduceInSteps(data), pause) as ReducedLeastSquares;
}

function* reduceInSteps(data: Omit<SupportData, "lower" | "upper">): Steps<ReducedLeastSquares | undefined> {
  return (yield* fromGram(data)) ?? (yield* fromColumns(data));
}

function* fromGram(
  { response, gram, linear, lambda2 }: Omit<SupportData, "lower" | "upper">,
): Steps<ReducedLeastSquares | undefined> {
  if (!gram || !linear) return undefined;
  const ridged = gram.map((row, k) => {
    const copy = row.slice();
    copy[k] += 2 * lambda2;
    return copy;
  });
  return yield* reduceGramInSteps(ridged, linear, halfSquare(response));
}

function* fromColumns(
  { columns, response, lambda2 }: Omit<SupportData, "lower" | "upper">,
): Steps<ReducedLeastSquares | undefined> {
  const samples = response.length;
  const extended = (values: Float64Array) => {
    const longer = new Float64Array(samples + columns.length);
    longer.set(values);
    return longer;
  };
  return yield* reduceLeastSquares(columns.map(extended), extended(response), samples, lambda2);
}

// Functions of columns, because engines compile what is called often sooner than a loop that runs long.

/** Subtracts up to four columns from `k` on, as often as their coefficients say. */
function subtractScaled(
  residual: Float64Array,
  columns: readonly Float64Array[],
  coefficients: Float64Array,
  k: number,
): void {
  if (k + 3 >= columns.length) {
    for (; k < columns.length; k++) if (coefficients[k] !== 0) addScaled(residual, -coefficients[k], columns[k]);
    return;
  }
  const [a, b, c, d] = columns.slice(k, k + 4), [s, t, u, v] = coefficients.subarray(k, k + 4);
  for (let i = 0; i < residual.length; i++) residual[i] -= s * a[i] + t * b[i] + (u * c[i] + v * d[i]);
}

function halfSquare(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum / 2;
}
