import type { Matrix, Samples } from "../core/matrix.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { startRun } from "../core/run.ts";
import { checkTasks, type MultiTaskInput } from "./data.ts";
import { gridOf } from "./grid.ts";
import type { SparseMultiTask } from "./answer.ts";
import { responsesAndOptions } from "./multitask.ts";
import { openMultiTask } from "./session.ts";
import { type MultiTaskPathOptions, type ResolvedPenalties, sparseMultiTaskPathOptions } from "./options.ts";

/** A point of a path. */
export type MultiTaskPathPoint = SparseMultiTask & ResolvedPenalties;

/**
 * Sparse multi-task regressions over a grid of penalties, each started at the one before too: supports fall, then prices of
 * values that differ rise, ridges fall, and prices of supports that differ rise. The time limit is that of the whole path.
 *
 * @param tasks Tasks of their own, `{ X, y }` each, or one `X` [samples, features].
 * @param options The options; of one `X`, its responses `Y` [samples, tasks] come before them.
 * @throws as {@linkcode sparseMultiTask} does, when the first point is asked for
 *
 * @example
 * ```ts
 * import { fromRows, sparseMultiTaskPath } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1], [0, 2, 0]]);
 * const sizes: number[] = [];
 * const tasks = [{ X, y: [2, 1, 3, 4, 2] }, { X, y: [3, 0, 3, 6, 0] }];
 * for await (const point of sparseMultiTaskPath(tasks, { grid: { support: [1, 2], ridge: [0], supportSharing: [0] } })) {
 *   sizes.push(point.support);
 * }
 * if (sizes.join() !== "2,1") throw new Error("the larger support first");
 * ```
 */
export function sparseMultiTaskPath(
  tasks: readonly MultiTaskInput[],
  options?: MultiTaskPathOptions,
): AsyncGenerator<MultiTaskPathPoint, void>;
/** The same for the responses of one `X`, the columns of `Y` [samples, tasks]. */
export function sparseMultiTaskPath(
  X: Samples,
  Y: Matrix,
  options?: MultiTaskPathOptions,
): AsyncGenerator<MultiTaskPathPoint, void>;
export async function* sparseMultiTaskPath(
  given: readonly MultiTaskInput[] | Samples,
  second?: Matrix | MultiTaskPathOptions,
  third?: MultiTaskPathOptions,
): AsyncGenerator<MultiTaskPathPoint, void> {
  const { Y, options } = responsesAndOptions(given, second, third);
  const resolved = resolveOptions(sparseMultiTaskPathOptions, options, "a multi-task path"), run = startRun(resolved);
  const session = await openMultiTask([checkTasks(given, Y, resolved.weights)], resolved, { run, points: 10 });
  try {
    let warm: number[][] | undefined;
    for (const penalties of gridOf(resolved.grid, session.data[0], resolved.commonSupport)) {
      const fit = await session.fit(penalties, { warm });
      yield { ...fit, ...penalties };
      if (fit.status === "time-limit") return;
      warm = fit.supports.map((support) => Array.from(support));
    }
  } finally {
    session.close();
  }
}
