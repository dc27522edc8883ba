/** What results promise, checked against the data alone: the one place where "converged" is taken at its word. */

import assert from "node:assert/strict";
import type { Matrix, Result, SparseRegression } from "../../mod.ts";

/** What every result keeps, whatever the solver: numbers that are numbers, a bound below, a gap that is closed. */
export function keepsPromises(
  result: Result & { readonly lowerBound?: number; readonly gap?: number },
  gapTolerance: number,
  what: string,
): void {
  const { status, objective, lowerBound, gap, elapsedMs, iterations, trace } = result;
  for (const [name, value] of Object.entries({ objective, elapsedMs, iterations })) {
    assert.ok(Number.isFinite(value), `${what}: ${name} is ${value}`);
  }
  assert.ok(trace.every((value) => !Number.isNaN(value)), `${what}: NaN in the trace`);
  if (lowerBound === undefined) return;
  assert.ok(lowerBound <= objective, `${what}: the bound ${lowerBound} is above the objective ${objective}`);
  const share = objective === lowerBound ? 0 : (objective - lowerBound) / Math.abs(objective);
  assert.ok(Math.abs(share - gap!) <= 1e-12 + 1e-9 * Math.abs(share), `${what}: the gap is ${share}, not ${gap}`);
  if (status === "converged") assert.ok(gap! <= gapTolerance, `${what}: converged with a gap of ${gap}`);
}

/** What a regression was asked for, as far as its promises depend on it. */
export interface RegressionQuestion {
  readonly lambda0?: number;
  readonly size?: number;
  readonly lambda2: number;
  readonly intercept: boolean;
  readonly standardize: boolean;
  readonly lower?: number;
  readonly upper?: number;
  readonly always?: readonly number[];
  readonly weights?: Float64Array;
}

/** A least-squares problem as its solver is documented to see it: weighted, centred, scaled. */
export interface ScaledProblem {
  readonly columns: readonly Float64Array[];
  /** Infinite for columns that carry nothing. */
  readonly scales: Float64Array;
  readonly response: Float64Array;
}

/** Columns centred where an intercept is fitted, of mean square 1 where they are standardised; constant ones are zero. */
export function scaledProblem(
  X: Matrix,
  y: Float64Array,
  { intercept, standardize, weights }: Pick<RegressionQuestion, "intercept" | "standardize" | "weights">,
): ScaledProblem {
  const [rows, features] = X.shape, scales = new Float64Array(features);
  const weightOf = (i: number) => weights ? weights[i] : 1;
  const sum = (values: Float64Array) => values.reduce((total, value, i) => total + weightOf(i) * value, 0);
  const total = sum(new Float64Array(rows).fill(1));
  // A large mean hides digits: what it lacks is subtracted, too.
  const centred = (values: Float64Array) => {
    if (!intercept) return values;
    const mean = sum(values) / total, near = values.map((value) => value - mean), rest = sum(near) / total;
    return near.map((value) => value - rest);
  };
  const rooted = (values: Float64Array, scale: number) =>
    values.map((value, i) => value / scale * Math.sqrt(weightOf(i)));
  const columns = Array.from({ length: features }, (_, j) => {
    const column = Float64Array.from({ length: rows }, (_, i) => X.data[i * features + j]), centre = centred(column);
    const size = sum(column.map((value) => value * value)), left = sum(centre.map((value) => value * value));
    scales[j] = left <= (4 * Number.EPSILON) ** 2 * size ? Infinity : standardize ? Math.sqrt(left / total) : 1;
    return rooted(centre, scales[j]);
  });
  return { columns, scales, response: rooted(centred(y), 1) };
}

/**
 * The least objective over all supports that are allowed, each fitted by orthogonalising its columns twice. A support counts
 * where each of its columns is left more than `share` of its length by all the others, whatever their order.
 */
export function leastBySubsets(
  { columns, response }: ScaledProblem,
  { lambda0 = 0, size = Infinity, lambda2, always = [] }: RegressionQuestion,
  share = 1e-12,
): number {
  const features = columns.length, rows = response.length, ridge = Math.sqrt(2 * lambda2);
  const longer = (values: Float64Array, k: number) => {
    const result = new Float64Array(rows + features);
    result.set(values);
    if (k >= 0) result[rows + k] = ridge;
    return result;
  };
  const extended = columns.map(longer);
  const others = extended.map((_, j) => j).filter((j) => !always.includes(j));
  let best = Infinity;
  interface Support {
    readonly basis: readonly Float64Array[];
    readonly residual: Float64Array;
    /** What is left of each column by all others, as a vector of length `1 / left` along it; and the column's length. */
    readonly duals: readonly { readonly vector: Float64Array; readonly whole: number }[];
  }
  // A feature that depends on others, or on which others come to depend, changes nothing.
  const joined = (j: number, { basis, residual, duals }: Support): Support | undefined => {
    const rest = extended[j].slice(), whole = Math.sqrt(dot(rest, rest));
    for (const unit of [...basis, ...basis]) addScaled(rest, unit, -dot(rest, unit));
    const length = Math.sqrt(dot(rest, rest));
    if (!(length > share * whole)) return undefined;
    const unit = rest.map((value) => value / length), left = residual.slice();
    addScaled(left, unit, -dot(left, unit));
    const next = duals.map(({ vector, whole }) => {
      const changed = vector.slice();
      addScaled(changed, unit, -dot(vector, extended[j]) / length);
      return { vector: changed, whole };
    });
    next.push({ vector: unit.map((value) => value / length), whole });
    if (next.some(({ vector, whole }) => !(1 / Math.sqrt(dot(vector, vector)) > share * whole))) return undefined;
    return { basis: [...basis, unit], residual: left, duals: next };
  };
  const visit = (from: number, support: Support, count: number) => {
    best = Math.min(best, lambda0 * count + dot(support.residual, support.residual) / 2);
    if (count + always.length >= size) return;
    for (let k = from; k < others.length; k++) {
      const next = joined(others[k], support);
      if (next) visit(k + 1, next, count + 1);
    }
  };
  let support: Support = { basis: [], residual: longer(response, -1), duals: [] };
  for (const j of always) support = joined(j, support) ?? support;
  visit(0, support, 0);
  return best;
}

/** What a regression promises: the objective of its coefficients, and that no change of them on their support improves it. */
export function regressionKeepsPromises(
  X: Matrix,
  y: Float64Array,
  question: RegressionQuestion,
  fit: SparseRegression,
  what: string,
): ScaledProblem {
  const { lambda0 = 0, size = Infinity, lambda2, lower = -Infinity, upper = Infinity, always = [] } = question;
  const problem = scaledProblem(X, y, question), { columns, scales, response } = problem;
  const b = fit.coefficients.map((value, j) => scales[j] === Infinity ? 0 : value * scales[j]);
  const support = Array.from(b.keys()).filter((j) => fit.coefficients[j] !== 0 || always.includes(j));
  assert.deepEqual([...fit.support], support, `${what}: the support`);
  assert.ok(support.length <= size, `${what}: ${support.length} features instead of ${size}`);
  const residual = response.slice(), priced = support.filter((j) => !always.includes(j)).length;
  support.forEach((j) => addScaled(residual, columns[j], -b[j]));
  const objective = dot(residual, residual) / 2 + lambda0 * priced + lambda2 * dot(b, b);
  const length = Math.sqrt(dot(response, response));
  // Terms of the fit, as the numbers of the answer make them, may be far larger than what is left of them.
  const terms = length + termSize(X, fit);
  const rounding = 1e-8 * objective + 1e-12 * terms * length + 1e-300;
  assert.ok(
    Math.abs(objective - fit.objective) <= rounding,
    `${what}: the objective is ${objective}, not ${fit.objective}`,
  );
  const width = Math.sqrt(columns.reduce((sum, column) => sum + dot(column, column), 0));
  for (const j of support) {
    const value = fit.coefficients[j], edge = 1e-9 * Math.abs(value);
    assert.ok(value >= lower - edge && value <= upper + edge, `${what}: coefficient ${j} is out of its bounds`);
    const derivative = dot(columns[j], residual) - 2 * lambda2 * b[j];
    // At a bound the derivative may point outside.
    if (value >= upper - edge && derivative > 0 || value <= lower + edge && derivative < 0) continue;
    const allowed = 1e-10 * width * length + 1e-14 * width * terms;
    const off = Math.abs(derivative);
    assert.ok(off <= allowed, `${what}: coefficient ${j} is not the least-squares one: ${off} > ${allowed}`);
  }
  return problem;
}

/** Size of the terms that make up the predictions of an answer: what rounding is a share of. */
export function termSize(X: Matrix, fit: SparseRegression): number {
  return fit.support.reduce((sum, j) => sum + Math.abs(fit.coefficients[j]) * lengthOf(X, j), 0);
}

/** Length of a column as it came. */
function lengthOf({ data, shape: [rows, columns] }: Matrix, j: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += data[i * columns + j] ** 2;
  return Math.sqrt(sum);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * source[i];
}
