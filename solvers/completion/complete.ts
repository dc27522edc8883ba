import { openWorkspace, withWorkspace } from "../../kernels/engine/mod.ts";
import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import type { Matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { Status } from "../core/result.ts";
import { choose, type Chosen } from "./choice.ts";
import type { CompletedMatrix, CompletionPathPoint } from "./completed.ts";
import { type Entries, rootMeanSquare, split } from "./entries.ts";
import { graduate, settle } from "./graduation.ts";
import { createIterate } from "./layout.ts";
import { fitOffsets, withoutOffsets } from "./offsets.ts";
import {
  type CompleteMatrixOptions,
  completeMatrixOptions,
  completeMatrixPathOptions,
  type CompletionPathOptions,
} from "./options.ts";
import { present } from "./present.ts";
import { rescaled, scaled } from "./scaling.ts";
import { prepare } from "./task.ts";

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
  const { method, lambda, leastWidth, holdout, seed } = resolved;
  if (lambda !== undefined && method !== "soft-impute") {
    throw new OptionError(
      "lambda",
      `Cannot use "lambda": it is the price of method "soft-impute", not of "${method}".`,
    );
  }
  if (leastWidth !== undefined && method !== "srf") {
    throw new OptionError("leastWidth", `Cannot use "leastWidth": it is for method "srf", not for "${method}".`);
  }
  const task = prepare(observed, resolved), { entries, course, schedule, layout, units } = task;
  const known = method === "srf" ? leastWidth : lambda;
  if (method === "soft-impute" && known === undefined && holdout === 0) {
    throw new OptionError("lambda", 'The option "lambda" is missing: expected a price >= 0, for "holdout" is 0.');
  }
  return await withWorkspace(task.request, async (workspace) => {
    const parts = known === undefined ? split(entries, holdout, seed) : { fitted: entries };
    const { held } = parts;
    if (method === "soft-impute" && known === undefined && !held) {
      throw new DataError(
        "observed",
        `Cannot ${action}: ${entries.values.length} entries are too few to hold some out.`,
      );
    }
    const open = (fitted: Entries) => createIterate(workspace, fitted, layout, seed);
    let chosen: Chosen | undefined;
    if (held) chosen = await choose({ ...parts, held }, resolved.offsets, schedule, open, course);
    const offsets = (chosen ? chosen.offsets : resolved.offsets ?? false) ? fitOffsets(entries) : undefined;
    const rest = scaled(entries, offsets), iterate = open(rest.entries);
    let level = 0, settled = !course.ended();
    if (chosen && !settled) {
      // A limit ends it in the middle of the choice: the best so far.
      level = chosen.level * chosen.scale / rest.scale;
      await iterate.restore(rescaled(chosen.factors, chosen.scale / rest.scale));
    } else if (!chosen || chosen.level > 0) {
      const unit = rest.scale * units * task.largestWeight;
      const last = chosen
        ? { least: chosen.level * chosen.scale / rest.scale }
        : method === "srf"
        ? { leastShare: leastWidth }
        : { least: lambda! / unit };
      // The schedule that was held against the entries held out, now with them: not from its answer, and not beyond it.
      for await (const point of graduate(iterate, { ...schedule, ...last }, course)) ({ level, settled } = point);
      if (method === "soft-impute" && level > 0 && !course.ended()) {
        settled = await settle(iterate, schedule, level, course);
      }
    }
    const status: Status = settled ? "converged" : course.ended() ?? "precision-limit";
    const factors = await iterate.factors();
    iterate.release();
    return present(
      {
        ...task,
        method,
        offsets,
        scale: rest.scale,
        level,
        status,
        holdout: chosen?.curve,
        tooFew: known === undefined && holdout > 0 && !held,
      },
      factors,
      workspace.plan,
    );
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
  const { method, holdout, seed, count } = resolved, task = prepare(observed, resolved);
  const { entries, course, schedule, layout } = task;
  const { fitted, held } = split(entries, holdout, seed);
  const offsets = resolved.offsets ? fitOffsets(fitted) : undefined, rest = scaled(fitted, offsets);
  const workspace = await openWorkspace(task.request);
  try {
    const iterate = createIterate(workspace, rest.entries, layout, seed);
    let points = 0;
    for await (const { level, settled } of graduate(iterate, schedule, course)) {
      const expected = held && withoutOffsets(held, offsets);
      const found = held && iterate.at(held.rows, held.columns);
      const errors = expected?.map((value, e) => value - rest.scale * found![e]);
      const status = course.ended() ?? (settled || points + 1 < count ? "converged" : "iteration-limit");
      const about = { ...task, entries: fitted, method, offsets, scale: rest.scale, level, status };
      const fit = present(about, await iterate.factors(), workspace.plan);
      yield { ...fit, holdoutError: errors ? rootMeanSquare(errors, held!.weights) * task.units : NaN };
      if (++points >= count) return;
    }
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
  const task = prepare(observed, { ...resolved, method: fit.method }), { entries, course, schedule, layout } = task;
  const [rows, columns] = entries.shape;
  if (rows < fit.shape[0] || columns < fit.shape[1]) {
    throw new ShapeError(
      "observed",
      `Cannot ${action}: "observed" is ${rows} x ${columns}, but what it continues is ${fit.shape[0]} x ${
        fit.shape[1]
      }.`,
    );
  }
  return await withWorkspace(task.request, async (workspace) => {
    const offsets = fit.offsets && fitOffsets(entries), rest = scaled(entries, offsets);
    const iterate = createIterate(workspace, rest.entries, layout, resolved.seed), unit = task.units * rest.scale;
    const grown = (factor: Matrix, length: number) => {
      const data = new Float64Array(length * fit.rank);
      data.set(factor.data);
      return data;
    };
    const before = { left: grown(fit.left, rows), right: grown(fit.right, columns), values: fit.singularValues };
    await iterate.restore(rescaled(before, 1 / unit));
    const level = (fit.method === "srf" ? fit.width! : fit.lambda! / task.largestWeight) / unit;
    const settled = !(level > 0) || await settle(iterate, schedule, level, course);
    const status = settled ? "converged" : course.ended()!;
    const about = { ...task, method: fit.method, offsets, scale: rest.scale, level, status };
    const factors = await iterate.factors();
    iterate.release();
    return present(about, factors, workspace.plan);
  });
}
