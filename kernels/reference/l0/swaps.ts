import type { GraphSwapsArguments, L0Penalty } from "../../contract.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Decrease of `curvature x^2 / 2 - derivative x` net of the penalty, at the best `x` within the bound. */
function gainOf(curvature: number, derivative: number, { lambda0, lambda2, bound }: L0Penalty): number {
  const x = Math.min(Math.abs(derivative) / (curvature + 2 * lambda2), bound);
  return Math.abs(derivative) * x - (curvature / 2 + lambda2) * x * x - lambda0;
}

/** The best swap of every edge at some vertices, by trying all. */
export function graphSwaps(operands: GraphSwapsArguments): void {
  const { first, penalty, rowsFrom } = operands;
  const gradient = matrixView(operands.gradient), gram = matrixView(operands.gram);
  const starts = hostView(operands.starts), incident = hostView(operands.incident);
  const neighbours = hostView(operands.neighbours),
    rows = hostView(operands.rows),
    targets = hostView(operands.targets);
  const values = vectorView(operands.values), diagonal = vectorView(operands.diagonal);
  const variances = vectorView(operands.variances);
  const gains = vectorView(operands.gains), along = vectorView(operands.along);
  const curvature = (i: number, j: number) => 2 * (variances[j] / diagonal[i] + variances[i] / diagonal[j]);
  for (let row = 0; row < gradient.rows; row++) {
    const i = first + row;
    const around = neighbours.subarray(starts[i], starts[i + 1]);
    for (let at = starts[i]; at < starts[i + 1]; at++) {
      const j = neighbours[at], value = values[incident[at]];
      const derivativeAt = (k: number) => gradient.values[row * gradient.stride + k];
      const least = gainOf(curvature(i, j), curvature(i, j) * value - derivativeAt(j), penalty);
      let best = least + 1e-9;
      gains[at] = along[at] = targets[at] = 0;
      for (let k = 0; k < diagonal.length; k++) {
        if (k === i || around.includes(k)) continue;
        const derivative = derivativeAt(k) -
          2 * value / diagonal[i] * gram.values[rows[at - rowsFrom] * gram.stride + k];
        const gain = gainOf(curvature(i, k), derivative, penalty);
        if (!(gain > best)) continue;
        best = gain;
        gains[at] = best - least;
        targets[at] = k;
        along[at] = derivative;
      }
    }
  }
}
