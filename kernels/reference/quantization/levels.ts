import type { QuantizationLevelsArguments, QuantizationRegridArguments, QuantizationState } from "../../contract.ts";
import { hostView, matrixView } from "../operands.ts";

/** Levels of weights, off the grid. */
export function quantizationLevels(operands: QuantizationLevelsArguments): void {
  const targets = matrixView(operands.targets), scales = matrixView(operands.scales);
  replaceLevels(
    operands,
    (i, j, group) => targets.values[i * targets.stride + j] / scales.values[i * scales.stride + group],
  );
}

/** Levels of the same weights on another grid. */
export function quantizationRegrid(operands: QuantizationRegridArguments): void {
  const scales = matrixView(operands.scales), next = matrixView(operands.nextScales);
  replaceLevels(
    operands,
    (i, _, group, level) => level * (scales.values[i * scales.stride + group] / next.values[i * next.stride + group]),
  );
}

function replaceLevels(
  { levels, columnGroups }: Pick<QuantizationState, "levels" | "columnGroups">,
  levelOf: (i: number, j: number, group: number, level: number) => number,
): void {
  const { values, stride } = matrixView(levels), groups = columnGroups && hostView(columnGroups);
  for (let i = 0; i < levels.rows; i++) {
    for (let j = 0; j < levels.columns; j++) {
      const at = i * stride + j;
      values[at] = levelOf(i, j, groups ? groups[j] : 0, values[at]);
    }
  }
}
