/** Sparse graphs, against all of them. @module */

import * as minima from "../../../mod.ts";
import { bestGraph, covariance, graphObjective } from "../../solvers/graph/best_graph.ts";
import { golden } from "../../solvers/graph/data.ts";
import { type Check, type Checks, place, trueOf } from "./check.ts";

const S = covariance(golden), edgePenalties = { lambda0: 0.2, lambda2: 0.1 };
const graph = bestGraph(S, edgePenalties.lambda0, edgePenalties.lambda2, Infinity).objective;

function graphTruth({ precision }: minima.SparsePrecision, lambda0: number): number {
  const { data } = minima.toDense(precision), size = precision.shape[0];
  const T = S.map((_, i) => Array.from(data.subarray(i * size, (i + 1) * size)));
  return graphObjective(S, T, lambda0, edgePenalties.lambda2);
}

const graphs: Record<string, Check> = {};
for (const evaluation of ["products", "neighbours", "residuals"] as const) {
  for (const [method, gapTolerance] of [["approximate", 0], ["exact", 0], ["exact", 0.01]] as const) {
    graphs[`${method}, ${evaluation}, gap ${gapTolerance}`] = async () => {
      const options = {
        ...edgePenalties,
        ...place,
        method,
        evaluation,
        gapTolerance,
        perturbations: 2,
        randomStarts: 1,
      };
      const fit = await minima.sparsePrecision(golden, options);
      trueOf(fit, graphTruth(fit, edgePenalties.lambda0), graph, gapTolerance);
    };
  }
}

const paths: Record<string, Check> = Object.fromEntries(
  (["approximate", "exact"] as const).map((method) => [method, async () => {
    const options = { lambda2: edgePenalties.lambda2, ...place, method, count: 4 };
    for await (const point of minima.sparsePrecisionPath(golden, options)) {
      const optimum = bestGraph(S, point.lambda0, edgePenalties.lambda2, Infinity).objective;
      trueOf(point, graphTruth(point, point.lambda0), optimum, 0.01);
    }
  }]),
);

/** The checks. */
export const graphChecks: Checks = { sparsePrecision: graphs, sparsePrecisionPath: paths };
