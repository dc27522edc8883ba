import { entryGain, l0Penalty } from "../l0/penalty.ts";
import { finite } from "../core/certificate.ts";
import type { Matrix } from "../core/matrix.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { leastDerivatives, presenceOf } from "./descent.ts";
import { curvatureAt, emptyGraph, evaluate, type GraphPoint, type Pseudolikelihood } from "./pseudolikelihood.ts";
import { type GraphCriterion, type PrecisionPathOptions, sparsePrecisionPathOptions } from "./options.ts";
import { type GraphSession, openGraph, type SparsePrecision } from "./precision.ts";
import { logDeterminant } from "./structure.ts";

/** A point of a path. */
export interface PrecisionPathPoint extends SparsePrecision {
  /** Price of each edge at this point. */
  readonly lambda0: number;
  /** Value of the chosen criterion. */
  readonly criterion: number;
}

/**
 * Precision matrices from the empty graph on, each warm-started at the one before. Each `lambda0` is just small enough that
 * the best absent edge would enter. The time limit is that of the whole path.
 *
 * @param samples One sample a row [samples, variables].
 * @throws as {@linkcode sparsePrecision} does, when the first point is asked for
 *
 * @example
 * ```ts
 * import { fromRows, sparsePrecisionPath } from "@minima/minima";
 * const samples = fromRows([[2, 2, 1], [-2, -2, 1], [1, 1, -1], [-1, -1, -1], [3, 2, 0], [-3, -2, 0]]);
 * let best = { criterion: Infinity, edgeCount: 0 };
 * for await (const point of sparsePrecisionPath(samples, { lambda2: 0.1, count: 5 })) {
 *   if (point.criterion < best.criterion) best = point;
 * }
 * if (best.edgeCount !== 1) throw new Error("0 and 1 go together");
 * ```
 */
export async function* sparsePrecisionPath(
  samples: Matrix,
  options: PrecisionPathOptions,
): AsyncGenerator<PrecisionPathPoint, void> {
  const resolved = resolveOptions(sparsePrecisionPathOptions, options, "a sparse precision path");
  const { count, criterion } = resolved;
  const session = await openGraph(samples, resolved, count);
  try {
    const { problem } = session;
    const { maxEdges = 10 * problem.vertices } = resolved;
    let start: GraphPoint | undefined;
    let lambda0 = await bestEntry(session, emptyGraph(problem));
    for (let index = 0; index < count; index++) {
      const { start: next, covarianceTrace, ...fit } = await session.fit(lambda0, start);
      if (fit.edgeCount > maxEdges) return;
      yield { ...fit, lambda0, criterion: judge(problem, fit, covarianceTrace, criterion) };
      if (fit.status === "time-limit") return;
      const entry = await bestEntry(session, next);
      if (entry === 0) return;
      lambda0 = Math.min(0.99 * entry, 0.97 * lambda0);
      start = next;
    }
  } finally {
    session.close();
  }
}

/** The largest `lambda0` at which some absent edge would enter. */
async function bestEntry({ problem, lambda2, bigM }: GraphSession, point: GraphPoint): Promise<number> {
  const free = l0Penalty(0, lambda2, bigM);
  const estimate = await evaluate(problem, point, free);
  const isPresent = presenceOf(estimate);
  let best = 0;
  await problem.derivativesAbove(leastDerivatives(problem, free, estimate, () => best), (derivative, i, j) => {
    if (isPresent(i, j)) return;
    best = Math.max(best, entryGain(curvatureAt(problem, estimate, i, j), derivative, free));
  });
  return finite("the largest lambda0 at which an edge enters", best);
}

function judge(
  { samples, vertices }: Pseudolikelihood,
  fit: SparsePrecision,
  covarianceTrace: number,
  criterion: GraphCriterion,
): number {
  const complexity = fit.edgeCount * (Math.log(samples) + 2 * Math.log(vertices));
  if (criterion === "pseudo-ebic") return samples * fit.dataTerm + complexity;
  const logDet = logDeterminant(fit.precision);
  if (Number.isNaN(logDet)) return Infinity;
  return samples * (covarianceTrace - logDet) + complexity;
}
