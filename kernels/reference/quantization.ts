import type { QuantizationDescentArguments, QuantizationState, QuantizationSweepArguments } from "../spec.ts";
import { hostView, matrixView } from "./operands.ts";
import { roundHalfToEven } from "./rounding.ts";

/** One pass of coordinate descent over the columns of every row. */
export function quantizationSweep(operands: QuantizationSweepArguments): void {
  const { levels: { rows, columns }, relaxed = false, triangular = false, maximumCode } = operands;
  const { begin = 0, end = columns } = operands;
  const step = coordinateStep(
    operands,
    triangular,
    (target, _, zero) => relaxed ? target : nearestLevel(target, zero, maximumCode),
  );
  for (let i = 0; i < rows; i++) {
    for (let j = begin; j < end; j++) step(i, j);
  }
}

/** Passes over each row until its levels stay as they are. */
export function quantizationDescent(operands: QuantizationDescentArguments): number {
  const { levels, passes, maximumCode } = operands;
  const changes = hostView(operands.changes);
  const step = coordinateStep(operands, false, (target, level, zero) => {
    const next = nearestLevel(target, zero, maximumCode);
    return Math.abs(target - next) < Math.abs(target - level) ? next : level;
  });
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

function nearestLevel(target: number, zero: number, maximumCode: number): number {
  return Math.min(Math.max(roundHalfToEven(target), -zero), maximumCode - zero);
}

/** The update of one level to what `choose` makes of it, and of its row's residual; tells whether the level changed. */
function coordinateStep(
  state: QuantizationState,
  triangular: boolean,
  choose: (target: number, level: number, zero: number) => number,
) {
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
    levels.values[at] = choose(target, level, zero);
    const change = scale * (level - levels.values[at]);
    if (change === 0) return false;
    for (let k = triangular ? j : 0; k < coupling.columns; k++) {
      residual.values[i * residual.stride + k] += change * coupling.values[j * coupling.stride + k];
    }
    return true;
  };
}
