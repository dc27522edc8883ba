import type {
  QuantizationCandidate,
  QuantizationChoiceArguments,
  QuantizationCodesArguments,
  QuantizationErrorsArguments,
  QuantizationObjectivesArguments,
  QuantizationState,
} from "../../contract.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Errors of the weights, in place of their targets. */
export function quantizationErrors(operands: QuantizationErrorsArguments): void {
  const { levels: { rows, columns } } = operands;
  const targets = matrixView(operands.targets), weight = weights(operands);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) targets.values[i * targets.stride + j] -= weight(i, j);
  }
}

/** Objective of each row, from its residual. */
export function quantizationObjectives(operands: QuantizationObjectivesArguments): void {
  const { levels: { rows, columns } } = operands;
  const targets = matrixView(operands.targets), residual = matrixView(operands.residual), weight = weights(operands);
  const curvatures = vectorView(operands.curvatures), objectives = vectorView(operands.objectives);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      const error = targets.values[i * targets.stride + j] - weight(i, j);
      sum += error * residual.values[i * residual.stride + j] * curvatures[j];
    }
    objectives[i] = sum;
  }
}

/** Codes of levels on the grid, a byte each; rows begin whole words. */
export function quantizationCodes({ levels, zeros, columnGroups, codes }: QuantizationCodesArguments): void {
  const { rows, columns } = levels, width = 4 * Math.ceil(columns / 4);
  const level = matrixView(levels), zero = matrixView(zeros), groups = columnGroups && hostView(columnGroups);
  const words = hostView(codes);
  const bytes = new Uint8Array(words.buffer, words.byteOffset, rows * width).fill(0);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const group = groups ? groups[j] : 0;
      bytes[i * width + j] = level.values[i * level.stride + j] + zero.values[i * zero.stride + group];
    }
  }
}

/** Each row of both states becomes that of lower objective. */
export function quantizationChoice({ best, reached }: QuantizationChoiceArguments): void {
  const kept = vectorView(best.objectives), found = vectorView(reached.objectives);
  for (let i = 0; i < best.levels.rows; i++) {
    if (found[i] < kept[i]) copyRow(reached, best, i);
    else copyRow(best, reached, i);
  }
}

function copyRow(from: QuantizationCandidate, to: QuantizationCandidate, i: number): void {
  for (const part of ["levels", "residual"] as const) {
    const source = matrixView(from[part]), target = matrixView(to[part]), begin = i * source.stride;
    target.values.set(source.values.subarray(begin, begin + source.columns), i * target.stride);
  }
  vectorView(to.objectives)[i] = vectorView(from.objectives)[i];
}

/** `s l`: the weight that a level stands for. */
function weights(state: Pick<QuantizationState, "levels" | "scales" | "columnGroups">) {
  const levels = matrixView(state.levels), scales = matrixView(state.scales);
  const groups = state.columnGroups && hostView(state.columnGroups);
  return (i: number, j: number): number =>
    scales.values[i * scales.stride + (groups ? groups[j] : 0)] * levels.values[i * levels.stride + j];
}
