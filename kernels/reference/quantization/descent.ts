import type { QuantizationDescentArguments } from "../../contract.ts";
import { hostView } from "../operands.ts";
import { coordinateStep, nearestLevel } from "./state.ts";

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
