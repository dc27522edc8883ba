import type { QuantizationDescentArguments, QuantizationState, QuantizationSweepArguments } from "../spec.ts";
import { hostView, matrixView } from "./operands.ts";
import { roundHalfToEven } from "./rounding.ts";

/** One pass of coordinate descent over all columns of every row. */
export function quantizationSweep(operands: QuantizationSweepArguments): void {
  const { relaxed = false, triangular = false } = operands;
  const step = coordinateStep(operands, relaxed, triangular);
  for (let i = 0; i < operands.levels.rows; i++) {
    for (let j = 0; j < operands.levels.columns; j++) step(i, j);
  }
}

/** Passes over each row until its levels stay as they are. */
export function quantizationDescent(operands: QuantizationDescentArguments): number {
  const { levels, passes } = operands;
  const changes = hostView(operands.changes);
  const step = coordinateStep(operands, false, false);
  let unfinished = 0;
  for (let i = 0; i < levels.rows; i++) {
    changes[i] = 0;
    let changed = 1;
    for (let pass = 0; pass < passes && changed > 0; pass++) {
      changed = 0;
      for (let j = 0; j < levels.columns; j++) if (step(i, j)) changed++;
      changes[i] += changed;
    }
    if (changed > 0) unfinished++;
  }
  return unfinished;
}

/** The update of one level and of its row's residual; tells whether the level changed. */
function coordinateStep(state: QuantizationState, relaxed: boolean, triangular: boolean) {
  const levels = matrixView(state.levels), residual = matrixView(state.residual);
  const coupling = matrixView(state.coupling), scales = matrixView(state.scales), zeros = matrixView(state.zeros);
  const groups = state.columnGroups && hostView(state.columnGroups);
  return (i: number, j: number): boolean => {
    const group = groups ? groups[j] : 0;
    const scale = scales.values[i * scales.stride + group], zero = zeros.values[i * zeros.stride + group];
    const at = i * levels.stride + j;
    const level = levels.values[at];
    const alive = coupling.values[j * coupling.stride + j] !== 0;
    const target = alive ? level + residual.values[i * residual.stride + j] / scale : level;
    levels.values[at] = relaxed ? target : Math.min(Math.max(roundHalfToEven(target), -zero), state.maximumCode - zero);
    const change = scale * (level - levels.values[at]);
    if (change === 0) return false;
    for (let k = triangular ? j : 0; k < coupling.columns; k++) {
      residual.values[i * residual.stride + k] += change * coupling.values[j * coupling.stride + k];
    }
    return true;
  };
}
