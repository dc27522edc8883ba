import type { QuantizationState } from "../../contract.ts";
import { hostView, matrixView } from "../operands.ts";
import { roundHalfToEven } from "../rounding.ts";

export function nearestLevel(target: number, zero: number, maximumCode: number): number {
  return Math.min(Math.max(roundHalfToEven(target), -zero), maximumCode - zero);
}

/** The update of one level to what `choose` makes of it, and of its row's residual; tells whether the level changed. */
export function coordinateStep(
  state: QuantizationState,
  triangular: boolean,
  choose: (target: number, level: number, zero: number) => number,
  noiseOf: (i: number, j: number) => number = () => 0,
) {
  const levels = matrixView(state.levels), residual = matrixView(state.residual);
  const coupling = matrixView(state.coupling), scales = matrixView(state.scales), zeros = matrixView(state.zeros);
  const groups = state.columnGroups && hostView(state.columnGroups);
  return (i: number, j: number): boolean => {
    const group = groups ? groups[j] : 0;
    const scale = scales.values[i * scales.stride + group], zero = zeros.values[i * zeros.stride + group];
    const at = i * levels.stride + j;
    const level = levels.values[at];
    const coupled = coupling.values[j * coupling.stride + j] !== 0;
    const target = coupled ? level + (residual.values[i * residual.stride + j] + noiseOf(i, j)) / scale : level;
    levels.values[at] = choose(target, level, zero);
    const change = scale * (level - levels.values[at]);
    if (change === 0) return false;
    for (let k = triangular ? j : 0; k < coupling.columns; k++) {
      residual.values[i * residual.stride + k] += change * coupling.values[j * coupling.stride + k];
    }
    return true;
  };
}
