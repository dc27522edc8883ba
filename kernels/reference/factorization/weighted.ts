import type { WeightedSweepArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";
import { leastCurvature } from "./curvature.ts";

/** Each entry in turn, to its minimum over the weighted residuals of its row. */
export function weightedSweep({ x, weights, components, factor, sweeps = 1, losses }: WeightedSweepArguments): void {
  const X = matrixView(x), M = matrixView(weights), H = matrixView(components), W = matrixView(factor);
  const sums = vectorView(losses);
  const residual = new Float64Array(X.columns);
  for (let i = 0; i < X.rows; i++) {
    for (let j = 0; j < X.columns; j++) {
      residual[j] = X.values[i * X.stride + j];
      for (let t = 0; t < W.rows; t++) residual[j] -= W.values[t * W.stride + i] * H.values[t * H.stride + j];
    }
    for (let sweep = 0; sweep < sweeps; sweep++) {
      for (let t = 0; t < W.rows; t++) {
        let slope = 0, curvature = 0;
        for (let j = 0; j < X.columns; j++) {
          const h = H.values[t * H.stride + j], weighted = M.values[i * M.stride + j] * h;
          slope += weighted * residual[j];
          curvature += weighted * h;
        }
        if (!(curvature > leastCurvature(W.values))) continue;
        const at = t * W.stride + i, old = W.values[at];
        W.values[at] = Math.max(old + slope / curvature, 0);
        const change = W.values[at] - old;
        for (let j = 0; j < X.columns; j++) residual[j] -= change * H.values[t * H.stride + j];
      }
    }
    sums[i] = 0;
    for (let j = 0; j < X.columns; j++) sums[i] += M.values[i * M.stride + j] * residual[j] * residual[j];
  }
}
