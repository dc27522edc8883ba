import { DEPENDENT_SHARE } from "../../kernels/contract/l0/constants.ts";
import { plainDot } from "../core/plain_sums.ts";
import type { Pause } from "../core/run.ts";
import { inRanges, inSteps, type Steps } from "../core/steps.ts";
import type { LeastSquares } from "./least_squares.ts";

/** What a support says of every feature once the coefficients of the support are fitted again. */
export interface SupportView {
  readonly support: readonly number[];
  readonly inside: Uint8Array;
  /** `P = G^-1 g` [support, features], `G` the Gram matrix of the support with ridge, `g` its rows against all features. */
  readonly products: Float64Array;
  /** Diagonal of `G^-1`: a number a feature of the support at the front. */
  readonly variances: Float64Array;
  /** Coefficients of the support, likewise. */
  readonly coefficients: Float64Array;
  /** `x_j . r` for the residual `r` of these coefficients. */
  readonly correlations: Float64Array;
  /** Curvature along each feature given the support; 0 for those that depend on it. */
  readonly curvatures: Float64Array;
  /** False once it is known that no feature gains in another's place, which no price changes. */
  swapsMayPay: boolean;
}

/** A view of the least-squares solution without bounds, which follows as features enter and leave. */
export interface MovingView extends SupportView {
  readonly lambda2: number;
  /** Whether the numbers are good enough to go on from: no feature nearly depends on the others, and little has added up. */
  readonly isSound: boolean;
  /** Whether nothing has changed since it was taken as a whole. */
  readonly isFresh: boolean;
  /** `||y - X b||^2 / 2`; nothing where what has added up is too much for an answer. */
  loss(): Steps<number | undefined>;
  /** A feature enters, whose Gram row is given. O(support x features). */
  enter(feature: number, row: Float64Array, pause: Pause): Promise<void>;
  /** Feature `i` of the support leaves; the last one takes its place. O(support x features). */
  leave(i: number, pause: Pause): Promise<void>;
  /** Takes another support, from the Gram matrix of the support and its inverse, both [support, support]. */
  take(support: readonly number[], given: WholeView, pause: Pause): Promise<void>;
  /** Frees what it holds; it must not be used afterwards. */
  release(): void;
}

/** What a view begins with; all of it is copied. */
export interface WholeView {
  /** Rows of the Gram matrix without ridge on the support. */
  readonly gram: readonly Float64Array[];
  /** `G^-1`, ridge included. */
  readonly inverse: Float64Array;
  /** Gram rows of the support against all features. */
  readonly rows: readonly Float64Array[];
}

/** Share of its curvature that the others leave each feature of a support whose view may follow changes. */
const soundShare = 1e-5;

/** Changes after which a view is made afresh, and the relative error of coefficients that ends it at once. */
const mostChanges = 200, largestError = 1e-9;

/** A view of the empty support. Memory: 8 bytes x features x support. */
export function createView(
  { features, squaredNorms, linear, nullLoss, openRows }: LeastSquares,
  lambda2: number,
): MovingView {
  const whole = squaredNorms.map((norm) => norm + 2 * lambda2), support: number[] = [];
  const inside = new Uint8Array(features), rows = openRows(whole), { curvatures, correlations } = rows;
  curvatures.set(whole);
  correlations.set(linear);
  let capacity = 0, changes = 0, isSound = true, swapsMayPay = true;
  /** Gram matrix of the support without ridge, and its inverse with it, both [capacity, capacity]. */
  let gram = new Float64Array(0), inverse = gram, coefficients = gram, variances = gram;

  function reserve(count: number): void {
    if (count <= capacity) return;
    const before = capacity, used = support.length;
    capacity = Math.min(features, Math.max(count, 2 * before, 8));
    const square = (values: Float64Array) => {
      const larger = new Float64Array(capacity * capacity);
      for (let i = 0; i < used; i++) larger.set(values.subarray(i * before, i * before + used), i * capacity);
      return larger;
    };
    gram = square(gram);
    inverse = square(inverse);
    rows.reserve(capacity, used);
    const longer = new Float64Array(capacity);
    longer.set(coefficients.subarray(0, used));
    coefficients = longer;
    variances = new Float64Array(capacity);
  }

  /** Whether the support's features are apart enough, once they have changed. */
  function judge(): void {
    swapsMayPay = true;
    for (let i = 0; i < support.length; i++) {
      variances[i] = inverse[i * (capacity + 1)];
      if (!(soundShare * variances[i] * whole[support[i]] < 1) || variances[i] === 0) isSound = false;
    }
  }

  return {
    support,
    inside,
    lambda2,
    curvatures,
    correlations,
    get products() {
      return rows.products;
    },
    get coefficients() {
      return coefficients;
    },
    get variances() {
      return variances;
    },
    get swapsMayPay() {
      return swapsMayPay;
    },
    set swapsMayPay(value) {
      swapsMayPay = value;
    },
    get isFresh() {
      return changes === 0;
    },
    get isSound() {
      return isSound && changes < mostChanges;
    },

    *loss() {
      if (!isSound) return undefined;
      const count = support.length, rest = new Float64Array(count);
      let loss = nullLoss, error = 0, most = 0;
      yield* inRanges(count, count, (begin, end) => {
        for (let i = begin; i < end; i++) {
          const ridge = 2 * lambda2 * coefficients[i];
          rest[i] = linear[support[i]] - ridge - dotAt(gram, i * capacity, coefficients, count);
          loss -= coefficients[i] * (linear[support[i]] + ridge + rest[i]) / 2;
        }
      });
      yield* inRanges(count, count, (begin, end) => {
        for (let i = begin; i < end; i++) {
          const length = Math.sqrt(whole[support[i]]);
          error = Math.max(error, length * Math.abs(dotAt(inverse, i * capacity, rest, count)));
          most = Math.max(most, length * Math.abs(coefficients[i]));
        }
      });
      isSound = error <= largestError * most;
      return isSound ? loss : undefined;
    },

    async enter(feature, row, pause) {
      const count = support.length;
      reserve(count + 1);
      const { products } = rows, column = new Float64Array(count), shares = new Float64Array(count + 1);
      for (let i = 0; i < count; i++) {
        column[i] = products[i * features + feature];
        gram[i * capacity + count] = gram[count * capacity + i] = row[support[i]];
        shares[i] = -row[support[i]];
      }
      gram[count * (capacity + 1)] = row[feature];
      // What the support leaves of the feature against itself; against all others it is the change.
      const pivot = row[feature] + plainDot(shares, column, count) + 2 * lambda2;
      const value = correlations[feature] / pivot, factors = new Float64Array(count + 1);
      isSound &&= pivot > soundShare * whole[feature];
      for (let i = 0; i < count; i++) factors[i] = -column[i] / pivot;
      factors[count] = 1 / pivot;
      products.fill(0, count * features, (count + 1) * features);
      await rows.update({ row, shares, factors, square: -1 / pivot, single: -value });
      await inSteps(
        inRanges(count, count, (begin, end) => {
          for (let i = begin; i < end; i++) {
            const factor = column[i] / pivot;
            addTo(inverse, i * capacity, factor, column);
            inverse[i * capacity + count] = inverse[count * capacity + i] = -factor;
            coefficients[i] -= column[i] * value;
          }
        }),
        pause,
      );
      inverse[count * (capacity + 1)] = 1 / pivot;
      coefficients[count] = value;
      support.push(feature);
      inside[feature] = 1;
      changes++;
      judge();
    },

    async leave(i, pause) {
      const feature = support[i], last = support.length - 1, begin = i * features, { products } = rows;
      const column = inverse.slice(i * capacity, i * capacity + support.length);
      const variance = column[i], pull = coefficients[i] / variance;
      await rows.update({
        row: products.slice(begin, begin + features),
        shares: new Float64Array(0),
        factors: column.map((covariance) => -covariance / variance),
        square: 1 / variance,
        single: pull,
      });
      await inSteps(
        inRanges(last + 1, last + 1, (from, end) => {
          for (let k = from; k < end; k++) {
            addTo(inverse, k * capacity, -column[k] / variance, column);
            coefficients[k] -= column[k] * pull;
          }
        }),
        pause,
      );
      if (i < last) {
        products.copyWithin(begin, last * features, (last + 1) * features);
        for (const square of [gram, inverse]) {
          square.copyWithin(i * capacity, last * capacity, last * capacity + last + 1);
          for (let k = 0; k < last; k++) square[k * capacity + i] = square[k * capacity + last];
        }
        coefficients[i] = coefficients[last];
        support[i] = support[last];
      }
      support.pop();
      inside[feature] = 0;
      changes++;
      judge();
    },

    async take(next, given, pause) {
      for (const feature of support) inside[feature] = 0;
      support.length = 0;
      reserve(next.length);
      await rows.multiply(given.inverse, given.rows);
      support.push(...next);
      for (const feature of support) inside[feature] = 1;
      const count = support.length, chosen = Float64Array.from(support, (feature) => linear[feature]);
      for (let i = 0; i < count; i++) {
        gram.set(given.gram[i], i * capacity);
        inverse.set(given.inverse.subarray(i * count, (i + 1) * count), i * capacity);
      }
      for (let i = 0; i < count; i++) coefficients[i] = dotAt(inverse, i * capacity, chosen, count);
      correlations.set(linear);
      curvatures.set(whole);
      const { products } = rows;
      await inSteps(
        inRanges(count, 2 * features, (first, end) => {
          for (let i = first; i < end; i++) {
            const own = products.subarray(i * features, (i + 1) * features);
            subtractPart(curvatures, correlations, own, given.rows[i], coefficients[i]);
          }
        }),
        pause,
      );
      for (let j = 0; j < features; j++) if (!(curvatures[j] > DEPENDENT_SHARE * whole[j])) curvatures[j] = 0;
      changes = 0;
      isSound = true;
      judge();
    },

    release: rows.release,
  };
}

// Functions of rows, because engines compile what is called often sooner than a loop that runs long.

/** `sum_k row_k values_k`, the row from `begin` on. */
function dotAt(matrix: Float64Array, begin: number, values: Float64Array, count: number): number {
  let a = 0, b = 0, k = 0;
  for (; k + 1 < count; k += 2) {
    a += matrix[begin + k] * values[k];
    b += matrix[begin + k + 1] * values[k + 1];
  }
  if (k < count) a += matrix[begin + k] * values[k];
  return a + b;
}

/** `matrix += factor values`, from `begin` on. */
function addTo(matrix: Float64Array, begin: number, factor: number, values: Float64Array): void {
  for (let k = 0; k < values.length; k++) matrix[begin + k] += factor * values[k];
}

function subtractPart(
  curvatures: Float64Array,
  correlations: Float64Array,
  own: Float64Array,
  row: Float64Array,
  coefficient: number,
): void {
  for (let j = 0; j < own.length; j++) {
    curvatures[j] -= own[j] * row[j];
    correlations[j] -= coefficient * row[j];
  }
}
