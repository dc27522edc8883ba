/** The coefficients of many tasks whose values are shared, through the means of the tasks. @module */

import { plainDot } from "../core/plain_sums.ts";
import { createPace, type Steps } from "../core/steps.ts";
import type { Penalties } from "./objective.ts";
import type { ScaledTask } from "./scaled_tasks.ts";

/** Coefficients of each task on its support, and the features that depend on others there. */
export interface JointSolution {
  readonly values: Float64Array[];
  readonly dependent: number[][];
}

/** Share of a feature's own curvature below which what the features before it leave of it is rounding. */
const dependentShare = 1e-12;

/** Corrections by the residuals of the data. */
const refinements = 3;

/** A task's support: its columns and the factor of `A = G + (ridge + valueSharing) I`. */
interface TaskFactor {
  readonly columns: readonly Float64Array[];
  /** Rows of the lower triangular factor. */
  readonly factor: readonly Float64Array[];
  /** Places of the features among those that any task has. */
  readonly places: readonly number[];
}

/**
 * With the means `m` of the coefficients, those of a task are `b_k = A_k^-1 (l_k + valueSharing m)`, and the means solve
 *
 *     (I - valueSharing/K sum_k A_k^-1) m = 1/K sum_k A_k^-1 l_k
 *
 * over the features that any task has. Corrected by the residuals of the data. To the end whatever the time.
 *
 * O(tasks x support^2 x (samples + support) + features^3): linear in the tasks.
 */
export function* solveThroughMeans(
  scaled: readonly ScaledTask[],
  supports: readonly (readonly number[])[],
  { ridge, valueSharing }: Penalties,
): Steps<JointSolution> {
  const tasks = scaled.length, isDue = createPace();
  const used = [...new Set(supports.flat())].sort((a, b) => a - b), count = used.length;
  const placeOf = new Map(used.map((feature, place) => [feature, place]));
  const matrix = used.map((_, i) => {
    const row = new Float64Array(count);
    row[i] = 1;
    return row;
  });
  const factors: TaskFactor[] = [], dependent: number[][] = [];
  for (const [k, { X, samples, linear }] of scaled.entries()) {
    const features = linear.length, size = supports[k].length;
    const columns = supports[k].map((j) => Float64Array.from({ length: samples }, (_, i) => X[i * features + j]));
    const factor = columns.map((column, i) => {
      const row = new Float64Array(size);
      for (let m = 0; m <= i; m++) row[m] = plainDot(column, columns[m]);
      row[i] += ridge + valueSharing;
      return row;
    });
    const lost = factorize(factor);
    const places = supports[k].map((feature) => placeOf.get(feature)!);
    for (let i = 0; i < size; i++) {
      const unit = new Float64Array(size);
      unit[i] = 1;
      const solved = solve(factor, unit);
      for (let m = 0; m < size; m++) matrix[places[i]][places[m]] -= valueSharing / tasks * solved[m];
    }
    factors.push({ columns, factor, places });
    dependent.push(lost.map((i) => supports[k][i]));
    if (isDue(size * size * (samples + size) + size * samples)) yield;
  }
  for (let i = 0; i < count; i++) {
    factorizeRow(matrix, i);
    if (isDue(i * i)) yield;
  }
  const values = supports.map((one) => new Float64Array(one.length));
  const means = new Float64Array(count);
  for (let step = 0; step <= refinements; step++) {
    const right: Float64Array[] = [], total = new Float64Array(count);
    for (const [k, { columns, factor, places }] of factors.entries()) {
      const residual = scaled[k].y.slice(), own = values[k];
      columns.forEach((column, i) => subtract(residual, column, own[i]));
      const solved = solve(
        factor,
        Float64Array.from(
          columns,
          (column, i) => plainDot(column, residual) - ridge * own[i] - valueSharing * (own[i] - means[places[i]]),
        ),
      );
      places.forEach((place, i) => total[place] += solved[i] / tasks);
      right.push(solved);
      if (isDue(4 * columns.length * residual.length)) yield;
    }
    const change = solve(matrix, total);
    means.fill(0);
    for (const [k, { factor, places }] of factors.entries()) {
      const pulled = solve(factor, Float64Array.from(places, (place) => valueSharing * change[place]));
      places.forEach((place, i) => {
        values[k][i] += right[k][i] + pulled[i];
        means[place] += values[k][i] / tasks;
      });
      if (isDue(places.length * places.length)) yield;
    }
  }
  return { values, dependent };
}

function subtract(target: Float64Array, column: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] -= factor * column[i];
}

/** Cholesky's factor in the place of the lower triangle; returns the rows that depend on those before them, which become 0. */
function factorize(rows: readonly Float64Array[]): number[] {
  const lost: number[] = [];
  for (let i = 0; i < rows.length; i++) if (!factorizeRow(rows, i)) lost.push(i);
  return lost;
}

function factorizeRow(rows: readonly Float64Array[], i: number): boolean {
  const row = rows[i], whole = row[i];
  for (let j = 0; j <= i; j++) {
    let sum = row[j];
    for (let m = 0; m < j; m++) sum -= row[m] * rows[j][m];
    if (j < i) row[j] = rows[j][j] > 0 ? sum / rows[j][j] : 0;
    else if (sum > dependentShare * whole) row[i] = Math.sqrt(sum);
    else row.fill(0, 0, i + 1);
  }
  return row[i] > 0;
}

/** `(L L^T)^-1 right`; 0 for rows that are lost. */
function solve(rows: readonly Float64Array[], right: Float64Array): Float64Array {
  const solved = right.slice(), size = rows.length;
  for (let i = 0; i < size; i++) {
    let sum = solved[i];
    for (let m = 0; m < i; m++) sum -= rows[i][m] * solved[m];
    solved[i] = rows[i][i] > 0 ? sum / rows[i][i] : 0;
  }
  for (let i = size - 1; i >= 0; i--) {
    solved[i] = rows[i][i] > 0 ? solved[i] / rows[i][i] : 0;
    for (let m = 0; m < i; m++) solved[m] -= rows[i][m] * solved[i];
  }
  return solved;
}
