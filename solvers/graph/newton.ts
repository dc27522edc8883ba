import { type L0Penalty, penaltyKinds } from "../l0/penalty.ts";
import { createPace, type Steps } from "../core/steps.ts";
import { conjugateGradients, factorTriangle, rowStart, solveTriangle } from "./linear_system.ts";
import { degreesOf } from "./edge_arrays.ts";
import type { GraphPoint } from "./pseudolikelihood.ts";
import { createStars, starEntries, type Stars } from "./stars.ts";

/** What is minimised over the edges of a point. */
export interface SupportProblem {
  /** `S`, entry by entry. */
  readonly covariance: (i: number, j: number) => number;
  /** Multiply-adds that an entry of `S` takes. @default 1 */
  readonly covarianceWork?: number;
  readonly point: GraphPoint;
  /** Penalty kind of each edge; without them all are counted: paid for whatever their values. */
  readonly kinds?: ArrayLike<number>;
  readonly penalty: L0Penalty;
  /**
   * For a comparison alone: the value is wanted to 1e-10, and nothing where the data term and the penalties, without what
   * edges pay whatever their values, are foreseen to stay above this. @default to rounding, in any case
   */
  readonly below?: number;
  /**
   * Multiplies by nearly the inverse of the Hessian over diagonal and edges, all edges counted: it makes steps as long as
   * each shrinks the decrement to a quarter.
   */
  readonly inverse?: (x: Float64Array) => Float64Array;
}

/** The minimum over the edges of a point. */
export interface SupportMinimum {
  readonly values: Float64Array;
  readonly diagonal: Float64Array;
  /** The data term there. */
  readonly dataTerm: number;
  /** Whether the gradient is zero to rounding. */
  readonly converged: boolean;
}

/** Coordinates up to which systems are factored at once, and up to which they are where conjugate gradients do not end. */
const factoredUpTo = 160, factoredAtMost = 1000;

/** Entries of the stars beyond which a minimum is left to descents. */
const mostEntries = 4e6;

const mostSteps = 100;

/** Decrement, as a share of the value, from which on the factor of the step before serves: the Hessian hardly changes. */
const chordal = 1e-8;

/** Decrement, as a share of the value, of a step that is the last: each adds digits by the half or by those of its system. */
const finalStep = 1e-20;

/** Share of the residual at which conjugate gradients end: steps near the minimum gain as many digits again. */
const inexact = 1e-5;

/** Multiply-adds that reading `S` may take. */
const mostReading = 2e8;

/** Operations of a product with the Hessian, and of the loops over its coordinates around it. */
const workOf = (entries: number, size: number) => 2 * entries + 20 * size;

/** Whether a graph of such degrees is small enough for {@linkcode minimizeOnSupport}; `work` is that of an entry of `S`. */
export function canMinimize(degrees: ArrayLike<number>, work: number): boolean {
  const entries = starEntries(degrees);
  return entries <= mostEntries && entries * work <= mostReading;
}

/**
 * The minimum of the data term and the penalties over the diagonal and the edges of a point, in plain f64: projected Newton
 * (Bertsekas 1982) on a convex function that is smooth within the box `|t_ij| <= bound`. A relaxed edge keeps the sign that
 * it has, one that is 0 stays there. What coordinate descent takes thousands of sweeps for where variables are
 * nearly collinear takes some ten systems here. Once the time is up, it is the point reached that is returned.
 */
export function* minimizeOnSupport(
  { covariance, covarianceWork, point, kinds, penalty, below, inverse }: SupportProblem,
): Steps<SupportMinimum> {
  const vertices = point.diagonal.length, edges = point.values.length;
  const stars = yield* createStars(point, covariance, covarianceWork), { size } = stars;
  const entries = starEntries(degreesOf(point.ends, vertices)), isDue = createPace();
  const lower = new Float64Array(size).fill(-penalty.bound), upper = new Float64Array(size).fill(penalty.bound);
  const x = new Float64Array(size), signs = new Int8Array(size);
  for (let i = 0; i < vertices; i++) {
    x[i] = point.diagonal[i];
    lower[i] = 0;
    upper[i] = Infinity;
  }
  for (let e = 0; e < edges; e++) {
    const at = vertices + e, value = point.values[e];
    x[at] = Math.max(-penalty.bound, Math.min(penalty.bound, value));
    if (kinds === undefined || kinds[e] !== penaltyKinds.relaxed) continue;
    signs[at] = value < 0 ? -1 : 1;
    if (value >= 0) lower[at] = 0;
    if (value <= 0) upper[at] = 0;
  }
  const term = createTerm(penalty, signs, vertices);
  const gradient = new Float64Array(size), trial = new Float64Array(size), trialGradient = new Float64Array(size);
  const measure = (at: Float64Array, into: Float64Array) => stars.evaluate(at, into) + term.evaluate(at, into);
  let value = measure(x, gradient), last = Infinity, converged = false;
  /** The latest factor, and how near it was to the minimum. */
  let factor: SystemFactor | undefined, nearness = Infinity;
  /** The inverse as long as it serves, and the decrement that it last said. */
  let nearInverse = inverse, lastNear = Infinity;

  for (let step = 0; step < mostSteps; step++) {
    const free: number[] = [];
    for (let c = 0; c < size; c++) {
      const isHeld = c >= vertices &&
        ((x[c] <= lower[c] && gradient[c] >= 0) || (x[c] >= upper[c] && gradient[c] <= 0));
      if (!isHeld) free.push(c);
    }
    const negative = Float64Array.from(free, (c) => -gradient[c]), curvature = (c: number) => term.curvature(c, x[c]);
    let direction: Float64Array | undefined;
    if (nearInverse !== undefined && free.length === size) {
      direction = nearInverse(negative);
      let decrement = 0;
      for (let c = 0; c < size; c++) decrement += negative[c] * direction[c];
      if (!(decrement >= 0 && decrement <= 0.25 * lastNear)) direction = nearInverse = undefined;
      lastNear = decrement;
    }
    if (direction !== undefined) factor = undefined;
    else if (factor !== undefined && nearness <= chordal * (1 + Math.abs(value)) && isSame(factor.free, free)) {
      direction = negative;
      solveTriangle(factor.triangle, free.length, direction);
    } else {
      stars.linearize(x);
      factor = undefined;
      if (free.length > factoredUpTo) {
        direction = yield* solveByProducts(stars, entries, free, negative, curvature, isDue);
      }
      if (direction === undefined && free.length <= factoredAtMost) {
        factor = yield* factorOver(stars, free, curvature);
        if (factor === undefined) break;
        direction = negative;
        solveTriangle(factor.triangle, free.length, direction);
      }
    }
    if (direction === undefined) break;
    if (isDue(4 * workOf(entries, size) + (nearInverse ? size * size : 0)) && (yield)) break;
    let decrement = 0, reach = 1;
    for (let k = 0; k < free.length; k++) {
      const c = free[k];
      decrement += -gradient[c] * direction[k];
      if (c < vertices && direction[k] < 0) reach = Math.min(reach, -0.9 * x[c] / direction[k]);
    }
    const near = decrement <= 1e-10 * (1 + Math.abs(value));
    if (below !== undefined && (near || value - mostLeft(decrement) > below)) break;
    // Near the minimum full steps square the error, until rounding lets them shrink no further.
    if (!(decrement > 0) || (near && decrement > 0.25 * last)) {
      converged = near || decrement === 0;
      break;
    }
    last = near ? decrement : Infinity;
    nearness = decrement;
    let moved = false;
    for (let share = reach; share > 1e-12; share /= 2) {
      trial.set(x);
      let slope = 0;
      for (let k = 0; k < free.length; k++) {
        const c = free[k];
        trial[c] = Math.max(lower[c], Math.min(upper[c], x[c] + share * direction[k]));
        slope += gradient[c] * (trial[c] - x[c]);
      }
      const next = measure(trial, trialGradient);
      if (!(next <= value + 1e-4 * slope) && !(near && next <= value + 1e-12 * (1 + Math.abs(value)))) continue;
      value = next;
      x.set(trial);
      gradient.set(trialGradient);
      moved = true;
      break;
    }
    // What such a step leaves is rounding.
    if (!moved || decrement <= finalStep * (1 + Math.abs(value))) {
      converged = near;
      break;
    }
  }
  return { values: x.slice(vertices), diagonal: x.slice(0, vertices), dataTerm: stars.evaluate(x), converged };
}

/**
 * The most that a function is above its minimum where the square of its Newton decrement is such: half of that where it is small,
 * anything from 1 on. The terms `||Y t_i||^2 / t_ii - log t_ii` are self-concordant (Nesterov & Nemirovskii 1994, 2.2).
 */
export function mostLeft(decrement: number): number {
  const root = Math.sqrt(Math.max(0, decrement));
  return root < 1 ? -root - Math.log1p(-root) : Infinity;
}

/** A factor of the Hessian over free coordinates. */
interface SystemFactor {
  readonly free: readonly number[];
  readonly triangle: Float64Array;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((c, k) => c === b[k]);
}

/** The factor over the free coordinates; nothing where the Hessian is singular to rounding, or the time is up. */
function* factorOver(
  stars: Stars,
  free: readonly number[],
  curvature: (c: number) => number,
): Steps<SystemFactor | undefined> {
  const place = new Int32Array(stars.size).fill(-1), triangle = new Float64Array(rowStart(free.length));
  free.forEach((c, k) => {
    place[c] = k;
    triangle[rowStart(k) + k] = curvature(c);
  });
  stars.visitHessian((row, column, value) => {
    if (place[row] >= 0 && place[column] >= 0) triangle[rowStart(place[row]) + place[column]] += value;
  });
  return (yield* factorTriangle(triangle, free.length)) ? { free, triangle } : undefined;
}

function* solveByProducts(
  stars: Stars,
  entries: number,
  free: readonly number[],
  b: Float64Array,
  curvature: (c: number) => number,
  isDue: (work: number) => boolean,
): Steps<Float64Array | undefined> {
  const { size } = stars, whole = new Float64Array(size), product = new Float64Array(size);
  const own = Float64Array.from(free, curvature), diagonal = stars.curvatures(), result = new Float64Array(own.length);
  const multiply = (x: Float64Array) => {
    for (let k = 0; k < own.length; k++) whole[free[k]] = x[k];
    product.fill(0);
    stars.multiply(whole, product);
    for (let k = 0; k < own.length; k++) result[k] = product[free[k]] + own[k] * x[k];
    return result;
  };
  const preconditioner = own.map((curve, k) => curve + diagonal[free[k]]);
  return yield* conjugateGradients(multiply, preconditioner, b, inexact, 200, workOf(entries, size), isDue);
}

/** The penalties of the edges, without what kept and counted edges pay whatever their values; relaxed edges have a sign. */
function createTerm({ lambda2, threshold, ratio, bound }: L0Penalty, signs: Int8Array, vertices: number) {
  const linear = Math.min(ratio, bound), offset = linear * (threshold - lambda2 * linear);
  return {
    evaluate(x: Float64Array, gradient: Float64Array): number {
      let value = 0;
      for (let c = vertices; c < x.length; c++) {
        if (signs[c] !== 0 && Math.abs(x[c]) <= linear) {
          value += threshold * Math.abs(x[c]);
          gradient[c] += threshold * signs[c];
        } else {
          value += lambda2 * x[c] * x[c] + (signs[c] === 0 ? 0 : offset);
          gradient[c] += 2 * lambda2 * x[c];
        }
      }
      return value;
    },
    curvature: (c: number, value: number) =>
      c >= vertices && !(signs[c] !== 0 && Math.abs(value) <= linear) ? 2 * lambda2 : 0,
  };
}
