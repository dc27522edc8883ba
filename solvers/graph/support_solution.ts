import type { L0Penalty } from "../l0/penalty.ts";
import { degreesOf } from "./edge_arrays.ts";
import { canMinimize, minimizeOnSupport } from "./newton.ts";
import type { GraphPoint, Pseudolikelihood } from "./pseudolikelihood.ts";

/**
 * The minimum over the diagonal and the edges of a point, its gradient zero to rounding; nothing where the graph is too
 * large for that, or where rounding stops it before.
 */
export function solveOnSupport(
  problem: Pick<Pseudolikelihood, "covariance" | "covarianceWork">,
  penalty: L0Penalty,
  point: GraphPoint,
): GraphPoint | undefined {
  if (!canMinimize(degreesOf(point.ends, point.diagonal.length), problem.covarianceWork)) return undefined;
  const { values, diagonal, converged } = minimizeOnSupport({ covariance: problem.covariance, point, penalty });
  return converged ? { ends: point.ends, values, diagonal } : undefined;
}
