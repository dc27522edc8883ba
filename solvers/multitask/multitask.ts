import { shown } from "../core/shown.ts";
import type { Matrix, Samples } from "../core/matrix.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import type { SparseMultiTask } from "./answer.ts";
import { checkTasks, type MultiTaskInput } from "./data.ts";
import { type SparseMultiTaskOptions, sparseMultiTaskOptions } from "./options.ts";
import { openMultiTask } from "./session.ts";

/**
 * Sparse regressions of several tasks that share supports, values, or both (Loewinger, Behdin, Kishida, Parmigiani &
 * Mazumder 2022): minimises, over coefficients `b_k` with at most `support` nonzeros `z_k`,
 *
 *     sum_k ||y_k - b_0k - X_k b_k||^2 / (2 n_k) + ridge/2 sum_k ||b_k||^2
 *       + valueSharing/2 sum_k ||b_k - mean b||^2 + supportSharing/2 sum_k ||z_k - mean z||^2
 *
 * With all prices 0 the tasks are independent; `supportSharing` without end, or `commonSupport`, gives them one support.
 * Tasks have samples of their own, or are the responses (columns of `Y`) of one `X`. The loss is a mean: of weighted samples
 * by their weights, times the task's weight.
 *
 * Local search by moves of one feature, all other coefficients of the task fitted again, from several starts: the tasks by
 * themselves, their common support, nothing. The coefficients are the least-squares solution on their supports. `exact`
 * adds branch and bound, and `auto` tries it under a budget of nodes where tasks times features are up to 60. A look at all
 * moves of a task costs O(support^2 features); the certificate may take exponentially many nodes.
 *
 * @param tasks Tasks of their own, `{ X, y }` each, or one `X` [samples, features].
 * @param options The options; of one `X`, its responses `Y` [samples, tasks] come before them.
 * @throws {ShapeError} when there is nothing to fit, or sizes do not fit together
 * @throws {DataError} for NaN, infinities, and magnitudes beyond 1e100 or, unless 0, below 1e-100
 * @throws {OptionError} for an option out of its range
 *
 * @example
 * ```ts
 * import { fromRows, sparseMultiTask } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1], [0, 2, 0]]);
 * const fit = await sparseMultiTask([{ X, y: [2, 0, 2, 4, 0] }, { X, y: [3, 0, 3, 6, 0] }], { support: 1 });
 * if (fit.supports.some((support) => support.join() !== "0")) throw new Error("both follow the first feature");
 * ```
 */
export function sparseMultiTask(
  tasks: readonly MultiTaskInput[],
  options: SparseMultiTaskOptions,
): Promise<SparseMultiTask>;
/** The same for the responses of one `X`, the columns of `Y` [samples, tasks]. */
export function sparseMultiTask(X: Samples, Y: Matrix, options: SparseMultiTaskOptions): Promise<SparseMultiTask>;
export async function sparseMultiTask(
  given: readonly MultiTaskInput[] | Samples,
  second: Matrix | SparseMultiTaskOptions,
  third?: SparseMultiTaskOptions,
): Promise<SparseMultiTask> {
  const { Y, options } = responsesAndOptions(given, second, third);
  const resolved = resolveOptions(sparseMultiTaskOptions, options, "multi-task regression");
  const run = startRun(resolved), tasks = checkTasks(given, Y, resolved.weights);
  const session = await openMultiTask([tasks], resolved, { run });
  try {
    const { support, ridge, valueSharing, supportSharing } = resolved;
    return await session.fit({ support, ridge, valueSharing, supportSharing }, { certify: true });
  } finally {
    session.close();
  }
}

/** Which argument is what: of one `X`, the responses come between it and the options. */
export function responsesAndOptions<O>(
  given: readonly MultiTaskInput[] | Samples,
  second: Matrix | O | undefined,
  third: O | undefined,
): { Y: Matrix | undefined; options: O | undefined } {
  if (typeof given !== "object" || given === null || !("shape" in given) && !Array.isArray(given)) {
    throw new TypeError(
      `Cannot fit a multi-task regression: "tasks" must be an array of { X, y }, or one "X", received ${shown(given)}.`,
    );
  }
  if (Array.isArray(given)) return { Y: undefined, options: second as O | undefined };
  return { Y: second as Matrix | undefined, options: third };
}
