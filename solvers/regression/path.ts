import { entryGain, l0Penalty } from "../l0/penalty.ts";
import { integerOption, numberOption } from "../core/options.ts";
import type { Matrix, Vector } from "../core/matrix.ts";
import { openRegression, type RegressionOptions, type RegressionSession, type SparseRegression } from "./regression.ts";
import type { SparseStart } from "./least_squares.ts";

/** Options of {@linkcode sparseRegressionPath}. */
export interface RegressionPathOptions extends RegressionOptions {
  /** The path ends before a support larger than this. @default 100 */
  readonly maxSupport?: number;
  /** Most points. @default 100 */
  readonly count?: number;
  /** Values of `lambda0` to visit instead of the grid that follows the data, each >= 0. */
  readonly lambdas?: readonly number[];
}

/** A point of a path. */
export type RegressionPathPoint = SparseRegression & { readonly lambda0: number };

/**
 * Sparse regressions from the empty model on, each warm-started at the one before.
 *
 * The grid follows the data: each `lambda0` is just small enough that the best feature outside the support would enter
 * (Hazimeh & Mazumder 2020). The time limit is that of the whole path.
 *
 * @param X Samples as rows [samples, features].
 * @param y One response a sample.
 * @throws as {@linkcode sparseRegression} does, when the first point is asked for
 *
 * @example
 * ```ts
 * import { fromRows, sparseRegressionPath } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1]]);
 * const sizes: number[] = [];
 * for await (const point of sparseRegressionPath(X, new Float64Array([2, 0.1, 2, 4]), { maxSupport: 2 })) {
 *   sizes.push(point.support.length);
 * }
 * if (sizes[0] !== 1 || Math.max(...sizes) > 2) throw new Error("one feature first, two at most");
 * ```
 */
export async function* sparseRegressionPath(
  X: Matrix,
  y: Vector,
  options: RegressionPathOptions = {},
): AsyncGenerator<RegressionPathPoint, void> {
  const { maxSupport = 100, count = 100, lambdas } = options;
  integerOption("maxSupport", maxSupport, 0);
  integerOption("count", count, 1);
  lambdas?.forEach((lambda0, i) => numberOption(`lambdas[${i}]`, lambda0, 0));
  const session = await openRegression(X, y, options);
  try {
    let start: SparseStart | undefined;
    let lambda0 = lambdas ? lambdas[0] : 0.99 * bestEntry(session, session.problem.linear);
    for (let index = 0; index < (lambdas?.length ?? count); index++) {
      const { start: next, correlations, ...fit } = await session.fit(lambda0, start);
      if (fit.support.length > maxSupport) return;
      yield { ...fit, lambda0 };
      if (fit.status === "time-limit") return;
      if (lambdas) {
        lambda0 = lambdas[index + 1];
      } else {
        const entry = bestEntry(session, correlations, new Set(fit.support));
        // Nothing left to explain: what is outside the support is orthogonal to the residual up to rounding.
        if (entry <= 1e-12 * session.problem.nullLoss) return;
        const changed = start === undefined || start.features.length !== next.features.length;
        lambda0 = changed
          ? (0.99 * entry < lambda0 ? 0.99 * entry : 0.97 * lambda0)
          : Math.min(0.8 * lambda0, 0.97 * entry);
      }
      start = next;
    }
  } finally {
    session.close();
  }
}

/** The largest `lambda0` at which some feature outside the support would enter. */
function bestEntry(
  { problem, lambda2, bigM }: RegressionSession,
  correlations: Float64Array,
  inside = new Set<number>(),
): number {
  const free = l0Penalty(0, lambda2, bigM);
  let best = 0;
  for (let j = 0; j < problem.features; j++) {
    if (!inside.has(j)) best = Math.max(best, entryGain(problem.squaredNorms[j], correlations[j], free));
  }
  return best;
}
