import { checkParts } from "../core/kinds.ts";
import { openWorkspace, withWorkspace } from "../../kernels/engine/mod.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import type { Observations } from "../core/observations.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { CompletedMatrix, CompletionPathPoint } from "./completed.ts";
import { rootMeanSquare, split } from "./entries.ts";
import { graduate, settle } from "./graduation.ts";
import { type Iterate, noFactors } from "./iterate.ts";
import { createIterate } from "./layout.ts";
import { gathered } from "./occupied.ts";
import { fewPasses, fitOffsets, withoutOffsets } from "./offsets.ts";
import {
  type CompleteMatrixOptions,
  completeMatrixOptions,
  completeMatrixPathOptions,
  type CompletionPathOptions,
} from "./options.ts";
import { present } from "./present.ts";
import { rescaled, scaled } from "./scaling.ts";
import { solveCompletion } from "./solve_completion.ts";
import { prepare } from "./task.ts";
import { withinTime } from "./time_limit.ts";

/** What is done, in errors. */
const action = "complete the matrix";

/**
 * Completes a matrix of low rank from some of its entries.
 *
 * `srf` minimises the smoothed rank `F(X) = sum_i 1 - exp(-s_i^2 / 2 width^2)` of the singular values under the constraint
 * that `X` has the observed entries, by gradient steps with a proven decrease while the width falls: without noise it
 * recovers matrices that the nuclear norm does not. With noise the width must not fall to zero: 10 % of the entries are
 * held out to say where it stops, and the answer is fitted to all. `soft-impute` minimises
 * `sum w (v - x)^2 / 2 + lambda ||X||_*`, a convex problem.
 *
 * Small matrices are decomposed whole, O(rows columns min(rows, columns)) a step; of large ones the largest singular values
 * are iterated, O(entries rank + (rows + columns) rank^2) a step, and nothing of rows times columns is formed where few
 * entries are observed. Weights are shares of the largest: an entry of less weight is drawn to its value by that share.
 *
 * @param observed The observed entries; see {@linkcode observedEntries} for a table with blanks.
 * @throws {ShapeError} for lists that do not fit together
 * @throws {DataError} where nothing is observed, an entry stands twice or is not finite
 * @throws {OptionError} for an option out of its range
 *
 * @example
 * ```ts
 * import { completeMatrix } from "@minima/minima";
 * // (1 2 3)^T (1 2), without its last entry.
 * const observed = { shape: [3, 2] as const, rows: [0, 0, 1, 1, 2], columns: [0, 1, 0, 1, 0], values: [1, 2, 2, 4, 3] };
 * const fit = await completeMatrix(observed, { holdout: 0 });
 * const [missing] = fit.predict([2], [1]);
 * if (fit.rank !== 1 || Math.abs(missing - 6) > 1e-3) throw new Error("3 times 2");
 * ```
 */
export async function completeMatrix(
  observed: Observations,
  options?: CompleteMatrixOptions,
): Promise<CompletedMatrix> {
  const resolved = resolveOptions(completeMatrixOptions, options, "matrix completion");
  const { method, lambda, leastWidth, holdout } = resolved;
  if (lambda !== undefined && method !== "soft-impute") {
    throw new OptionError(
      "lambda",
      `Cannot use "lambda": it is the price of method "soft-impute", not of "${method}".`,
    );
  }
  if (leastWidth !== undefined && method !== "srf") {
    throw new OptionError("leastWidth", `Cannot use "leastWidth": it is for method "srf", not for "${method}".`);
  }
  const known = method === "srf" ? leastWidth : lambda;
  if (method === "soft-impute" && known === undefined && holdout === 0) {
    throw new OptionError("lambda", 'The option "lambda" is missing: expected a price > 0, for nothing is held out.');
  }
  const task = await prepare(observed, resolved);
  return await withWorkspace(task.request, async (workspace) => {
    const { found, factors } = await solveCompletion(workspace, task, resolved);
    return await task.course.take(present(found, factors, workspace.plan));
  });
}

/**
 * Completions at ever smaller widths, or prices of the nuclear norm, each from the one before, with their errors at the
 * entries held out: fitted to the others. It ends where nothing changes any more, or after `count` points.
 *
 * @param observed The observed entries.
 *
 * @example
 * ```ts
 * import { completeMatrixPath, createRandom } from "@minima/minima";
 * const random = createRandom(1), rows: number[] = [], columns: number[] = [], values: number[] = [];
 * for (let k = 0; k < 100; k++) {
 *   if (random.uniform() < 0.3) continue;
 *   rows.push(Math.floor(k / 10));
 *   columns.push(k % 10);
 *   values.push((1 + Math.floor(k / 10)) * (1 + k % 10));
 * }
 * let least = Infinity;
 * for await (const point of completeMatrixPath({ shape: [10, 10], rows, columns, values }, { offsets: false })) {
 *   least = Math.min(least, point.holdoutError);
 * }
 * if (!(least < 1)) throw new Error("rank one");
 * ```
 */
export async function* completeMatrixPath(
  observed: Observations,
  options?: CompletionPathOptions,
): AsyncGenerator<CompletionPathPoint> {
  const resolved = resolveOptions(completeMatrixPathOptions, options, "a path of matrix completions");
  const { method, holdout, seed, count } = resolved, task = await prepare(observed, resolved, false);
  const { entries, course, schedule, layout } = task;
  const { fitted, held } = await course.take(split(entries, holdout, seed));
  const passes = resolved.offsets ? undefined : fewPasses;
  const fittedOffsets = resolved.offsets === false ? undefined : await course.take(fitOffsets(fitted, passes));
  const [offsets, beside] = resolved.offsets ? [fittedOffsets, undefined] : [undefined, fittedOffsets];
  const rest = scaled(fitted, offsets),
    about = { ...task, entries: fitted, method, offsets, beside, scale: rest.scale };
  const workspace = await openWorkspace(task.request);
  try {
    const expected = held && withoutOffsets(held, offsets);
    let iterate: Iterate | undefined, points = 0;
    const pointAt = async (level: number, settled: boolean) => {
      const found = held && iterate?.at(held.rows, held.columns);
      const errors = expected?.map((value, e) => value - (found ? rest.scale * found[e] : 0));
      const status = course.ended() ?? (settled || points + 1 < count ? "converged" : "iteration-limit");
      const factors = level > 0 ? await iterate!.factors() : noFactors;
      const fit = await course.take(present({ ...about, level, status }, factors, workspace.plan));
      return { ...fit, holdoutError: errors ? rootMeanSquare(errors, held!.weights) * task.units : NaN };
    };
    await withinTime(async () => {
      iterate = await createIterate(workspace, rest.entries, layout, seed, course.pause);
    });
    if (iterate) {
      for await (const { level, settled } of graduate(iterate, schedule, course)) {
        yield await pointAt(level, settled);
        if (++points >= count) return;
      }
    }
    // The time was up before the first step.
    if (points === 0 && course.ended()) yield await pointAt(0, false);
  } finally {
    workspace.release();
  }
}

/**
 * A completion of more entries, from an earlier one of the same matrix: at its width or price, with its offsets fitted
 * again where it has them. A few steps where little has changed.
 *
 * @param fit The earlier completion; it is not changed.
 * @param observed All entries that are known now; it may have more rows and columns than before.
 * @throws {ShapeError} where it has fewer rows or columns
 *
 * @example
 * ```ts
 * import { completeMatrix, updateCompletion } from "@minima/minima";
 * const observed = { shape: [3, 2] as const, rows: [0, 0, 1, 1], columns: [0, 1, 0, 1], values: [1, 2, 2, 4] };
 * const fit = await completeMatrix(observed, { holdout: 0 });
 * const more = { shape: [3, 2] as const, rows: [0, 0, 1, 1, 2], columns: [0, 1, 0, 1, 0], values: [1, 2, 2, 4, 3] };
 * const next = await updateCompletion(fit, more);
 * if (Math.abs(next.predict([2], [1])[0] - 6) > 1e-2) throw new Error("3 times 2");
 * ```
 */
export async function updateCompletion(
  fit: CompletedMatrix,
  observed: Observations,
  options?: CompleteMatrixOptions,
): Promise<CompletedMatrix> {
  const resolved = resolveOptions(completeMatrixOptions, options, "matrix completion");
  checkParts("fit", fit, { left: "matrix", right: "matrix", method: "text" }, action);
  const task = await prepare(observed, { ...resolved, method: fit.method }),
    { entries, occupied, course, schedule, layout } = task;
  const [rows, columns] = occupied.shape;
  if (rows < fit.shape[0] || columns < fit.shape[1]) {
    throw new ShapeError(
      "observed",
      `Cannot ${action}: "observed" is ${rows} x ${columns}, but what it continues is ${fit.shape[0]} x ${
        fit.shape[1]
      }.`,
    );
  }
  return await withWorkspace(task.request, async (workspace) => {
    const passes = fit.offsets ? undefined : fewPasses;
    const own = fit.offsets || fit.unobserved ? await course.take(fitOffsets(entries, passes)) : undefined;
    const [offsets, beside] = fit.offsets ? [own, undefined] : [undefined, own];
    const rest = scaled(entries, offsets), unit = task.units * rest.scale;
    const before = {
      left: gathered(fit.left.data, occupied.rows, fit.rank),
      right: gathered(fit.right.data, occupied.columns, fit.rank),
      values: fit.singularValues,
    };
    const level = (fit.method === "srf" ? fit.width! : fit.lambda! / task.largestWeight) / unit;
    let factors = rescaled(before, 1 / unit), settled = !(level > 0);
    await withinTime(async () => {
      const iterate = await createIterate(workspace, rest.entries, layout, resolved.seed, course.pause);
      await iterate.restore(factors, course.pause);
      settled ||= await settle(iterate, schedule, level, course);
      factors = await iterate.factors();
      iterate.release();
    });
    const status = settled ? "converged" : course.ended()!;
    const found = { ...task, method: fit.method, offsets, beside, scale: rest.scale, level, status };
    return await course.take(present(found, factors, workspace.plan));
  });
}
