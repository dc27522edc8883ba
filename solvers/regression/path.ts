import { entryGain, l0Penalty } from "../l0/penalty.ts";
import { finite } from "../core/certificate.ts";
import type { Matrix, VectorLike } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import type { SparseStart } from "./least_squares.ts";
import { type RegressionPathOptions, sparseRegressionPathOptions } from "./options.ts";
import { openRegression, type RegressionSession, type SparseRegression } from "./regression.ts";

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
 * for await (const point of sparseRegressionPath(X, [2, 0.1, 2, 4], { maxSupport: 2 })) {
 *   sizes.push(point.support.length);
 * }
 * if (sizes[0] !== 1 || Math.max(...sizes) > 2) throw new Error("one feature first, two at most");
 * ```
 */
export async function* sparseRegressionPath(
  X: Matrix,
  y: VectorLike,
  options: RegressionPathOptions = {},
): AsyncGenerator<RegressionPathPoint, void> {
  yield* followPath(X, y, resolveOptions(sparseRegressionPathOptions, options, "a sparse regression path"));
}

/** The path under checked options. */
export async function* followPath(
  X: Matrix,
  y: VectorLike,
  options: Resolved<RegressionPathOptions, OpenSolveOptions | "lambdas">,
  paths = 1,
): AsyncGenerator<RegressionPathPoint, void> {
  const { maxSupport, count, lambdas } = options;
  const points = lambdas?.length ?? count;
  const session = await openRegression(X, y, options, { points, paths });
  try {
    let start: SparseStart | undefined;
    let lambda0 = lambdas ? lambdas[0] : 0.99 * bestEntry(session, session.problem.linear);
    for (let index = 0; index < points; index++) {
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
  return finite("the largest lambda0 at which a feature enters", best);
}
