import type { QuantizationAnnealingArguments, QuantizationDescentArguments } from "../../contract.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";
import { coordinateStep, nearestLevel } from "./state.ts";

/** Passes over each row until its levels stay as they are. */
export function quantizationDescent(operands: QuantizationDescentArguments): number {
  const { levels, passes, maximumCode } = operands;
  const changes = hostView(operands.changes);
  const step = coordinateStep(operands, false, nearer(maximumCode));
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

/** As many passes over each row as there are rows of noise. */
export function quantizationAnnealing(operands: QuantizationAnnealingArguments): void {
  const { levels, maximumCode } = operands,
    noise = matrixView(operands.noise),
    amplitudes = vectorView(operands.amplitudes);
  const changes = hostView(operands.changes);
  let pass = 0;
  const noiseOf = (i: number, j: number) => amplitudes[i] * noise.values[pass * noise.stride + j];
  const step = coordinateStep(operands, false, nearer(maximumCode), noiseOf);
  for (let i = 0; i < levels.rows; i++) {
    changes[i] = 0;
    for (pass = 0; pass < noise.rows; pass++) {
      for (let j = 0; j < levels.columns; j++) if (step(i, j)) changes[i]++;
    }
  }
}

/** The nearest level to the target where it is strictly nearer than the level is. */
function nearer(maximumCode: number) {
  return (target: number, level: number, zero: number): number => {
    const next = nearestLevel(target, zero, maximumCode);
    return Math.abs(target - next) < Math.abs(target - level) ? next : level;
  };
}
