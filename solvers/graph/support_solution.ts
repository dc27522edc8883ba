import { inSteps } from "../core/steps.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import { degreesOf } from "./edge_arrays.ts";
import { canMinimize, minimizeOnSupport } from "./newton.ts";
import type { GraphPoint, Pseudolikelihood } from "./pseudolikelihood.ts";

/**
 * The minimum over the diagonal and the edges of a point, its gradient zero to rounding; nothing where the graph is too
 * large for that, or where rounding or the time limit stops it before.
 */
export async function solveOnSupport(
  problem: Pick<Pseudolikelihood, "covariance" | "covarianceWork" | "pause">,
  penalty: L0Penalty,
  point: GraphPoint,
): Promise<GraphPoint | undefined> {
  if (!canMinimize(degreesOf(point.ends, point.diagonal.length), problem.covarianceWork)) return undefined;
  const { covariance, covarianceWork } = problem;
  const steps = minimizeOnSupport({ covariance, covarianceWork, point, penalty });
  const { values, diagonal, converged } = await inSteps(steps, () => problem.pause("support"));
  return converged ? { ends: point.ends, values, diagonal } : undefined;
}
