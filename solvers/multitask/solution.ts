/** The coefficients of supports, solved directly. @module */

import { plainDot } from "../core/plain_sums.ts";
import { createPace, inSteps, type Steps } from "../core/steps.ts";
import { solveSupport, type SupportData } from "../l0/support_solution.ts";
import { solveThroughMeans } from "./joint_solution.ts";
import { type Penalties, priceOf, type Supports } from "./objective.ts";
import type { ScaledTask } from "./scaled_tasks.ts";

/** Supports with their best coefficients. */
export interface MultiTaskSolution extends Supports {
  /** Loss and penalties. */
  readonly objective: number;
  /** Features that depend on others of their support, by task; they have left it. */
  readonly dependent: readonly (readonly number[])[];
}

/** Coefficients that are solved for by one factor at most; more are had through the means of the tasks. */
const mostTogether = 400;

/** Called every now and then; answers need their coefficients, whatever the time. */
type Pause = () => Promise<unknown>;

/** The least-squares solution on given supports; features of coefficient 0 leave them, unless the support is common. */
export async function solveSupports(
  scaled: readonly ScaledTask[],
  supports: readonly (readonly number[])[],
  penalties: Penalties,
  pause: Pause,
): Promise<MultiTaskSolution> {
  const sorted = supports.map((one) => [...one].sort((a, b) => a - b));
  const goOn = () => pause().then(() => false);
  if (isShared(scaled, penalties) && sorted.reduce((sum, one) => sum + one.length, 0) > mostTogether) {
    const { values, dependent } = await inSteps(solveThroughMeans(scaled, sorted, penalties), goOn);
    const loss = scaled.reduce((sum, task, k) => sum + lossOf(task, sorted[k], values[k]), 0);
    return presented(sorted, values, dependent, loss, penalties, scaled[0].linear.length);
  }
  const values: Float64Array[] = [], dependent: number[][] = [];
  let loss = 0;
  const together = await inSteps(supportColumns(scaled, sorted, penalties), goOn);
  for (const { tasks, data } of together!) {
    const count = data.columns.length, lower = new Float64Array(count).fill(-Infinity);
    const solved = await solveSupport({ ...data, lower, upper: lower.map((value) => -value) }, goOn);
    let next = 0;
    for (const k of tasks) {
      const begin = next, end = next += sorted[k].length;
      values[k] = solved.coefficients.slice(begin, end);
      dependent[k] = solved.dependent.filter((i) => i >= begin && i < end).map((i) => sorted[k][i - begin]);
      loss += tasks.length > 1 ? lossOf(scaled[k], sorted[k], values[k]) : solved.loss;
    }
  }
  return presented(sorted, values, dependent, loss, penalties, scaled[0].linear.length);
}

function presented(
  supports: readonly (readonly number[])[],
  values: readonly Float64Array[],
  dependent: readonly (readonly number[])[],
  loss: number,
  penalties: Penalties,
  featureCount: number,
): MultiTaskSolution {
  const features = penalties.common ? supports : supports.map((one, k) => one.filter((_, i) => values[k][i] !== 0));
  const kept = penalties.common ? values : values.map((one) => one.filter((value) => value !== 0));
  const found = { features, values: kept };
  return { ...found, objective: loss + priceOf(found, penalties, featureCount), dependent };
}

/** One task agrees with its mean: nothing is shared. */
function isShared(scaled: readonly ScaledTask[], { valueSharing }: Penalties): boolean {
  return valueSharing > 0 && scaled.length > 1;
}

/** Tasks whose coefficients are solved for together, and the columns of their supports, task after task. */
interface Together {
  readonly tasks: readonly number[];
  readonly data: Omit<SupportData, "lower" | "upper">;
}

/** The least-squares problems of supports: one a task, or one of all where values are shared. Nothing where the time is up. */
export function* supportColumns(
  scaled: readonly ScaledTask[],
  supports: readonly (readonly number[])[],
  penalties: Penalties,
): Steps<Together[] | undefined> {
  const { ridge, valueSharing } = penalties;
  if (isShared(scaled, penalties)) {
    const together = yield* columnsTogether(scaled, supports, ridge, valueSharing);
    return together && [together];
  }
  const found: Together[] = [];
  for (const [k, task] of scaled.entries()) {
    const columns = supports[k].map((j) => columnOf(task, j)), sums = yield* gramOf(columns, task.y);
    if (!sums) return undefined;
    found.push({ tasks: [k], data: { columns, response: task.y, lambda2: ridge / 2, ...sums } });
  }
  return found;
}

/**
 * All tasks as one least-squares problem: their columns below one another, and for each feature rows that hold the price
 * of values that differ. With `c` coefficients `b` of `K` tasks that price is `valueSharing / 2` times `b^T (I - 1 1^T / K) b`,
 * and `I - a 1 1^T` is the root of that matrix for `a = (1 - sqrt(1 - c / K)) / c`.
 */
function* columnsTogether(
  scaled: readonly ScaledTask[],
  supports: readonly (readonly number[])[],
  ridge: number,
  valueSharing: number,
): Steps<Together | undefined> {
  const tasks = scaled.length, samples = scaled.reduce((sum, task) => sum + task.samples, 0);
  const count = supports.reduce((sum, one) => sum + one.length, 0), places = new Map<number, number[]>();
  let at = 0;
  for (const support of supports) for (const j of support) places.set(j, [...places.get(j) ?? [], at++]);
  const isDue = createPace(), response = new Float64Array(samples + count);
  const columns: Float64Array[] = [], gram: Float64Array[] = [];
  const linear = new Float64Array(count), root = Math.sqrt(valueSharing);
  let from = 0, first = 0;
  for (const [k, task] of scaled.entries()) {
    response.set(task.y, from);
    const own = supports[k].map((j) => columnOf(task, j)), known = yield* gramOf(own, task.y);
    if (!known) return undefined;
    for (const [i, column] of own.entries()) {
      if (isDue(samples + 2 * count) && (yield)) return undefined;
      const long = new Float64Array(samples + count), row = new Float64Array(count);
      long.set(column, from);
      const place = first + i, together = places.get(supports[k][i])!;
      const share = (1 - Math.sqrt(1 - together.length / tasks)) / together.length;
      for (const other of together) {
        long[samples + other] = root * ((other === place ? 1 : 0) - share);
        row[other] = valueSharing * ((other === place ? 1 : 0) - 1 / tasks);
      }
      known.gram[i].forEach((value, m) => row[first + m] += value);
      columns.push(long);
      gram.push(row);
      linear[place] = known.linear[i];
    }
    from += task.samples;
    first += own.length;
  }
  return { tasks: scaled.map((_, k) => k), data: { columns, response, lambda2: ridge / 2, gram, linear } };
}

/** `||y - X b||^2 / 2` of a task. */
export function lossOf(task: ScaledTask, support: readonly number[], values: ArrayLike<number>): number {
  const features = task.linear.length;
  let sum = 0;
  for (let i = 0; i < task.samples; i++) {
    let residual = task.y[i];
    for (let k = 0; k < support.length; k++) residual -= values[k] * task.X[i * features + support[k]];
    sum += residual * residual;
  }
  return sum / 2;
}

function columnOf({ X, samples, linear }: ScaledTask, feature: number): Float64Array {
  const column = new Float64Array(samples), features = linear.length;
  for (let i = 0, at = feature; i < samples; i++, at += features) column[i] = X[at];
  return column;
}

function* gramOf(
  columns: readonly Float64Array[],
  response: Float64Array,
): Steps<{ gram: Float64Array[]; linear: Float64Array } | undefined> {
  const isDue = createPace(), gram = columns.map(() => new Float64Array(columns.length));
  for (let i = 0; i < columns.length; i++) {
    for (let j = 0; j <= i; j++) gram[i][j] = gram[j][i] = plainDot(columns[i], columns[j]);
    if (isDue((i + 1) * response.length) && (yield)) return undefined;
  }
  return { gram, linear: Float64Array.from(columns, (column) => plainDot(column, response)) };
}
