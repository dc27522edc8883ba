/**
 * Least squares by orthogonal reduction: what is asked of many subsets of few columns is asked of a triangular factor.
 *
 * @module
 */

import { atOnce, createPace, type Steps } from "../core/steps.ts";

/**
 * `||y - X b||^2 / 2 + lambda2 ||b||^2` as `||z - R b||^2 / 2 + rest`, where `R` is the triangular factor of `X` above
 * `sqrt(2 lambda2) I`: the same numbers to rounding, from `features` rows instead of all samples.
 */
export interface ReducedLeastSquares {
  readonly features: number;
  /** Columns of `R`, upper triangular: column `j` has `j + 1` numbers that may differ from zero. */
  readonly columns: readonly Float64Array[];
  /** Their lengths. */
  readonly lengths: Float64Array;
  /** `z`, as many numbers as there are features. */
  readonly response: Float64Array;
  /** Half the squared length of what no coefficients reach. */
  readonly rest: number;
}

/** Share of a column's length below which what the columns before it leave of it is rounding. */
const dependentShare = 1e-12;

/**
 * Reduces columns of one length by Householder reflections (Golub & Van Loan 2013, 5.2). O(samples x features^2). Uses up
 * the columns and the response.
 *
 * @param columns One column of `X` a feature, each with `features` numbers more at its end, which are overwritten.
 * @param response As long as the columns, likewise.
 * @param samples Numbers of each that are data.
 * @returns Nothing where the time is up.
 */
export function* reduceLeastSquares(
  columns: readonly Float64Array[],
  response: Float64Array,
  samples: number,
  lambda2: number,
): Steps<ReducedLeastSquares | undefined> {
  const isDue = createPace();
  const features = columns.length, ridge = Math.sqrt(2 * lambda2);
  columns.forEach((column, j) => {
    column.fill(0, samples);
    column[samples + j] = ridge;
  });
  response.fill(0, samples);
  for (let j = 0; j < features; j++) {
    // Rows of the ridge below are still zero.
    const end = lambda2 > 0 ? samples + j + 1 : samples;
    if (j >= end) break;
    const reflection = reflectionOf(columns[j], j, end);
    if (reflection === undefined) continue;
    reflection(response);
    for (let k = j + 1; k < features; k++) {
      reflection(columns[k]);
      if (isDue(2 * (end - j)) && (yield)) return undefined;
    }
    columns[j][j] = reflection.head;
  }
  let rest = 0;
  for (let i = features; i < response.length; i++) rest += response[i] * response[i];
  const triangle = columns.map((column, j) => {
    const short = column.slice(0, features);
    short.fill(0, j + 1);
    return short;
  });
  return {
    features,
    columns: triangle,
    lengths: lengthsOf(triangle),
    response: response.slice(0, features),
    rest: rest / 2,
  };
}

/** Condition of a Gram matrix up to which its Cholesky factor tells the columns apart well enough. */
const largestCondition = 1e7;

/**
 * The same from the Gram matrix `G = R^T R` and `X^T y`, O(features^3); nothing where its condition is too large, for which
 * the square of the ratio of the diagonal of `R` stands. In steps, to the end whatever the time.
 *
 * @param gram Row by row, ridge included; used up.
 * @param halfSquare `||y||^2 / 2`.
 */
export function* reduceGramInSteps(
  gram: readonly Float64Array[],
  linear: ArrayLike<number>,
  halfSquare: number,
): Steps<ReducedLeastSquares | undefined> {
  const isDue = createPace();
  const features = gram.length, response = new Float64Array(features);
  let least = Infinity, most = 0, rest = halfSquare;
  for (let j = 0; j < features; j++) {
    const column = gram[j];
    reduceRow(gram, j);
    if (!(column[j] > 0)) return undefined;
    column[j] = Math.sqrt(column[j]);
    if (isDue(j * j / 2)) yield;
    column.fill(0, j + 1);
    least = Math.min(least, column[j]);
    most = Math.max(most, column[j]);
    if (most * most > largestCondition * least * least) return undefined;
    response[j] = (linear[j] - dotBetween(column, response, 0, j)) / column[j];
    rest -= response[j] ** 2 / 2;
  }
  return { features, columns: gram, lengths: lengthsOf(gram), response, rest: Math.max(0, rest) };
}

/** Row `j` of a Gram matrix, up to its diagonal, as that of the Cholesky factor, of which the rows before it are there. */
function reduceRow(gram: readonly Float64Array[], j: number): void {
  const column = gram[j];
  for (let i = 0; i < j; i++) column[i] = (column[i] - dotBetween(gram[i], column, 0, i)) / gram[i][i];
  column[j] -= dotBetween(column, column, 0, j);
}

/** What makes a column zero below row `from` by a reflection of rows `from` to `end`; nothing where it is zero already. */
function reflectionOf(
  pivot: Float64Array,
  from: number,
  end: number,
): ((column: Float64Array) => void) & { readonly head: number } | undefined {
  let largest = 0;
  for (let i = from; i < end; i++) largest = Math.max(largest, Math.abs(pivot[i]));
  if (largest === 0) return undefined;
  let squares = 0;
  for (let i = from; i < end; i++) squares += (pivot[i] / largest) ** 2;
  const length = largest * Math.sqrt(squares), head = pivot[from] > 0 ? -length : length;
  // v = x - head e, beta = 2 / ||v||^2 = 1 / (head (head - x_from)).
  const lead = pivot[from] - head, beta = -1 / head / lead;
  const apply = (column: Float64Array) => {
    let sum = lead * column[from];
    for (let i = from + 1; i < end; i++) sum += pivot[i] * column[i];
    const factor = beta * sum;
    if (factor === 0) return;
    column[from] -= factor * lead;
    for (let i = from + 1; i < end; i++) column[i] -= factor * pivot[i];
  };
  return Object.assign(apply, { head });
}

/** `||z - R b||^2 / 2 + rest` */
export function lossAt({ features, columns, response, rest }: ReducedLeastSquares, coefficients: Float64Array): number {
  const residual = response.slice();
  for (let j = 0; j < features; j++) {
    if (coefficients[j] === 0) continue;
    for (let i = 0; i <= j; i++) residual[i] -= coefficients[j] * columns[j][i];
  }
  return residual.reduce((sum, value) => sum + value * value / 2, rest);
}

/** Least squares on one subset of the columns after another. */
export interface SubsetFactor {
  /** Takes a subset, O(subset^2 features); returns its loss, ridge included. */
  take(subset: readonly number[]): number;
  /** The same in steps, to the end whatever the time; of another response in the place of `z`, where one is given. */
  takeInSteps(subset: readonly number[], response?: Float64Array): Steps<number>;
  /** Places in the subset of the columns that depend on those before them. */
  dependent(): number[];
  /** The best coefficients of the subset, 0 for columns that depend on those before them. */
  coefficients(): Float64Array;
  /** `sum_k |b_k| ||x_k||` at the best coefficients: what roundings of the data are multiplied by. */
  termSize(): number;
  /**
   * How far the fit of a subset may be from this one that holds a dependent column `j` in the place of another one, `i`: of
   * `x_j = sum_i c_i x_i` to rounding, it has `b_i / c_i`, by which what rounding leaves of `x_j` is multiplied. A column of
   * which the others leave no more than 1e-12 counts as dependent on them.
   *
   * @param rounding Least share of a column's length that rounding leaves of it.
   */
  dependentSize(rounding: number): number;
  /** `d` with `(R^T R) d = g` for the triangular factor `R` of the subset; 0 for columns that depend on others. */
  solveNormal(gradient: Float64Array): Float64Array;
  /** What the loss gains at least when one column of the subset is taken away; 0 where columns depend on each other. */
  dropCosts(): Float64Array;
  /** The same in steps, to the end whatever the time. */
  dropCostsInSteps(): Steps<Float64Array>;
  /**
   * The loss once one column more is taken, for each of some others, and `|b_j| ||x_j||` of that column. O(subset x features)
   * each.
   */
  lossesWith(others: readonly number[]): { readonly losses: Float64Array; readonly sizes: Float64Array };
}

/**
 * `(R^T R)^-1` [features, features], O(features^3); rows and columns of features that depend on those before them are 0. In
 * steps, to the end whatever the time.
 */
export function* normalInverse(problem: ReducedLeastSquares): Steps<Float64Array> {
  const { features: count, columns, lengths } = problem, isDue = createPace();
  const inverse = new Float64Array(count * count);
  if (columns.some((column, j) => !(Math.abs(column[j]) > dependentShare * lengths[j]))) {
    const factor = createSubsetFactor(problem), unit = new Float64Array(count);
    yield* factor.takeInSteps(Array.from(unit.keys()));
    for (let k = 0; k < count; k++) {
      unit.fill(0);
      unit[k] = 1;
      inverse.set(factor.solveNormal(unit), k * count);
      if (isDue(count * count)) yield;
    }
    return inverse;
  }
  // Rows of R^-1, of which row `i` begins at its own place `i`.
  const half = columns.map(() => new Float64Array(count));
  for (let i = 0; i < count; i++) {
    half[i][i] = 1 / columns[i][i];
    for (let j = i + 1; j < count; j++) half[i][j] = -dotBetween(half[i], columns[j], i, j) / columns[j][j];
    if (isDue((count - i) ** 2 / 2)) yield;
  }
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      inverse[i * count + j] = inverse[j * count + i] = dotBetween(half[i], half[j], i, count);
    }
    if (isDue((count - i) * i)) yield;
  }
  return inverse;
}

/** Lengths of the columns of a triangle. */
function lengthsOf(columns: readonly Float64Array[]): Float64Array {
  return Float64Array.from(columns, (column, j) => lengthOf(column, j + 1));
}

/** Length of a vector of so many numbers. */
function lengthOf(values: Float64Array, count: number): number {
  const squares = dotBetween(values, values, 0, count);
  // Squares that leave the range of numbers are for the slow function.
  return squares > 1e-250 && squares < 1e250 ? Math.sqrt(squares) : Math.hypot(...values);
}

/** `sum_k a_k b_k` for `k` from `begin` to `end`: four sums at a time do not wait for one another. */
function dotBetween(a: Float64Array, b: Float64Array, begin: number, end: number): number {
  let s = 0, t = 0, u = 0, v = 0, k = begin;
  for (; k + 3 < end; k += 4) {
    s += a[k] * b[k];
    t += a[k + 1] * b[k + 1];
    u += a[k + 2] * b[k + 2];
    v += a[k + 3] * b[k + 3];
  }
  for (; k < end; k++) s += a[k] * b[k];
  return s + t + (u + v);
}

interface Reflection {
  /** Place of its vector, from row `from` to row `end`; the vector's first entry is `lead`. */
  readonly begin: number;
  readonly from: number;
  readonly end: number;
  readonly lead: number;
  readonly beta: number;
}

/**
 * Factors subsets of a reduced problem by reflections of the triangular columns, which are as short as their numbers say:
 * no condition number is squared.
 */
export function createSubsetFactor(problem: ReducedLeastSquares): SubsetFactor {
  const { features, columns, lengths, rest } = problem;
  const vectors = new Float64Array(features * features), z = new Float64Array(features);
  const diagonal = new Float64Array(features), other = new Float64Array(features);
  let subset: readonly number[] = [], independent: number[] = [], reflections: Reflection[] = [];
  /** What those before them leave of the columns that depend on them, by their places. */
  let left = new Map<number, { readonly length: number; readonly rank: number }>();

  /** Applies the reflections so far to `target` from `begin` on; returns the row after the last that may not be zero. */
  function reflectAll(target: Float64Array, begin: number, height: number): number {
    for (const { begin: vector, from, end, lead, beta } of reflections) {
      let sum = lead * target[begin + from];
      for (let i = from + 1; i < end; i++) sum += vectors[vector + i] * target[begin + i];
      if (sum === 0) continue;
      const factor = beta * sum;
      target[begin + from] -= factor * lead;
      for (let i = from + 1; i < end; i++) target[begin + i] -= factor * vectors[vector + i];
      height = Math.max(height, end);
    }
    return height;
  }

  const entry = (i: number, k: number) => i === k ? diagonal[i] : vectors[independent[k] * features + i];

  /** The solution of `R x = right`, a number a column of the subset; of its first `rank` independent columns alone. */
  function solveUpper(right: Float64Array, rank = independent.length): Float64Array {
    const found = new Float64Array(subset.length), solution = new Float64Array(rank);
    for (let i = rank - 1; i >= 0; i--) {
      let sum = right[i];
      for (let k = i + 1; k < rank; k++) sum -= entry(i, k) * solution[k];
      found[independent[i]] = solution[i] = sum / diagonal[i];
    }
    return found;
  }

  return {
    take(next) {
      return atOnce(this.takeInSteps(next));
    },

    *takeInSteps(next, response = problem.response) {
      const isDue = createPace();
      subset = next;
      independent = [];
      reflections = [];
      left = new Map();
      z.set(response);
      for (let k = 0; k < subset.length && independent.length < features; k++) {
        const begin = k * features, row = independent.length;
        vectors.set(columns[subset[k]], begin);
        const end = reflectAll(vectors, begin, subset[k] + 1);
        let squares = 0;
        for (let i = row; i < end; i++) squares += vectors[begin + i] ** 2;
        const length = Math.sqrt(squares);
        if (!(length > dependentShare * lengths[subset[k]])) {
          left.set(k, { length, rank: row });
          continue;
        }
        const head = vectors[begin + row] > 0 ? -length : length;
        const lead = vectors[begin + row] - head, beta = -1 / (head * lead);
        let sum = lead * z[row];
        for (let i = row + 1; i < end; i++) sum += vectors[begin + i] * z[i];
        z[row] -= beta * sum * lead;
        for (let i = row + 1; i < end; i++) z[i] -= beta * sum * vectors[begin + i];
        reflections.push({ begin, from: row, end, lead, beta });
        diagonal[row] = head;
        independent.push(k);
        if (isDue(2 * row * end)) yield;
      }
      let loss = rest;
      for (let i = independent.length; i < features; i++) loss += z[i] * z[i] / 2;
      return loss;
    },

    dependent: () => subset.map((_, k) => k).filter((k) => !independent.includes(k)),

    coefficients: () => solveUpper(z),

    termSize: () => solveUpper(z).reduce((sum, value, k) => sum + Math.abs(value) * lengths[subset[k]], 0),

    dependentSize(rounding) {
      if (left.size === 0) return 0;
      const solution = solveUpper(z);
      let size = 0;
      for (const [j, { length, rank }] of left) {
        const whole = lengths[subset[j]];
        const share = solveUpper(vectors.subarray(j * features, (j + 1) * features), rank);
        let most = 0;
        for (let i = 0; i < rank; i++) {
          const k = independent[i];
          // Less than this, and `x_j` depends on the others without `x_i` too.
          if (Math.abs(share[k] * diagonal[i]) > dependentShare * whole) {
            most = Math.max(most, Math.abs(solution[k] / share[k]));
          }
        }
        size += most * Math.max(length, rounding * whole);
      }
      return size;
    },

    solveNormal(gradient) {
      const half = new Float64Array(independent.length);
      for (let i = 0; i < half.length; i++) {
        let sum = gradient[independent[i]];
        for (let k = 0; k < i; k++) sum -= entry(k, i) * half[k];
        half[i] = sum / diagonal[i];
      }
      return solveUpper(half);
    },

    dropCosts() {
      return atOnce(this.dropCostsInSteps());
    },

    *dropCostsInSteps() {
      const isDue = createPace();
      const costs = new Float64Array(subset.length), rank = independent.length;
      if (rank < subset.length) return costs;
      const solution = solveUpper(z), row = new Float64Array(rank);
      // With G = R^T R, (G^-1)_jj is the squared length of row j of R^-1; the loss gains b_j^2 / (2 (G^-1)_jj).
      for (let j = 0; j < rank; j++) {
        row[j] = 1 / diagonal[j];
        let squares = row[j] ** 2;
        for (let k = j + 1; k < rank; k++) {
          let sum = 0;
          for (let i = j; i < k; i++) sum -= row[i] * entry(i, k);
          row[k] = sum / diagonal[k];
          squares += row[k] ** 2;
        }
        costs[j] = solution[j] ** 2 / (2 * squares);
        if (isDue((rank - j) ** 2 / 2)) yield;
      }
      return costs;
    },

    lossesWith(others) {
      const row = independent.length;
      let loss = rest;
      for (let i = row; i < features; i++) loss += z[i] * z[i] / 2;
      const losses = new Float64Array(others.length).fill(loss), sizes = new Float64Array(others.length);
      others.forEach((j, k) => {
        other.set(columns[j]);
        const end = reflectAll(other, 0, j + 1);
        let squares = 0, product = 0;
        for (let i = row; i < end; i++) {
          squares += other[i] ** 2;
          product += other[i] * z[i];
        }
        if (!(Math.sqrt(squares) > dependentShare * lengths[j])) return;
        losses[k] -= product ** 2 / (2 * squares);
        sizes[k] = Math.abs(product / squares) * lengths[j];
      });
      return { losses, sizes };
    },
  };
}
