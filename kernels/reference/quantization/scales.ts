import type { QuantizationScaleArguments } from "../../contract.ts";
import { roundHalfToEven } from "../rounding.ts";
import { matrixView, vectorView } from "../operands.ts";

/** The candidates for scales whose rounding errors weigh least. */
export function quantizationScaleChoice(operands: QuantizationScaleArguments): void {
  const { groupSize, maximumCode, targets: { rows, columns } } = operands;
  const [targets, candidates, scales, zeros] = [
    operands.targets,
    operands.candidates,
    operands.scales,
    operands.zeros,
  ].map((operand) => matrixView(operand));
  const curvatures = vectorView(operands.curvatures), groups = operands.scales.columns;
  const trials = operands.candidates.columns / groups;
  for (let i = 0; i < rows; i++) {
    for (let group = 0; group < groups; group++) {
      const begin = group * groupSize, end = Math.min(begin + groupSize, columns), at = i * scales.stride + group;
      const low = -zeros.values[i * zeros.stride + group], high = maximumCode + low;
      let best = scales.values[at], least = Infinity;
      for (let k = 0; k < trials; k++) {
        const scale = candidates.values[i * candidates.stride + group * trials + k], inverse = 1 / scale;
        if (!(scale > 0)) continue;
        let loss = 0;
        for (let j = begin; j < end; j++) {
          const weight = targets.values[i * targets.stride + j];
          const level = roundHalfToEven(Math.min(Math.max(weight * inverse, low), high));
          loss += curvatures[j] * (weight - scale * level) ** 2;
        }
        if (loss < least || loss === least && scale > best) [best, least] = [scale, loss];
      }
      scales.values[at] = best;
    }
  }
}
