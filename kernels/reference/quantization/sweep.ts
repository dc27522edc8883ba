import type { QuantizationSweepArguments } from "../../contract.ts";
import { coordinateStep, nearestLevel } from "./state.ts";

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
