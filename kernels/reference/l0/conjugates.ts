import type { ScaledConjugatesArguments } from "../../contract.ts";
import { nodeStatus } from "../../contract/l0/nodes.ts";
import { relaxedConjugate } from "../../contract/l0/penalty.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Conjugates at several multiples of the gradient, summed row by row. */
export function scaledConjugates(operands: ScaledConjugatesArguments): void {
  const { first, penalty } = operands;
  const gradient = matrixView(operands.gradient), sums = matrixView(operands.sums);
  const statuses = hostView(operands.statuses), scales = vectorView(operands.scales);
  const largest = vectorView(operands.largest);
  for (let row = 0; row < gradient.rows; row++) {
    const i = first + row, edges = i * gradient.columns - i * (i + 1) / 2 - i - 1;
    sums.values.fill(0, row * sums.stride, row * sums.stride + scales.length);
    largest[row] = 0;
    for (let j = i + 1; j < gradient.columns; j++) {
      const magnitude = Math.abs(gradient.values[row * gradient.stride + j]);
      if (!(magnitude > penalty.threshold) || statuses[edges + j] !== nodeStatus.free) continue;
      largest[row] = Math.max(largest[row], magnitude);
      for (let k = 0; k < scales.length; k++) {
        sums.values[row * sums.stride + k] += relaxedConjugate(scales[k] * magnitude, penalty);
      }
    }
  }
}
