/** What is asked of many subsets of few columns, from a triangular factor. @module */

import { atOnce, createPace, type Steps } from "../core/steps.ts";
import { dotBetween, type ReducedLeastSquares } from "./reduced.ts";

/** Share of a column's length below which what the columns before it leave of it is rounding. */
const dependentShare = 1e-12;

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
