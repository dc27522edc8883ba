import type { ProjectSimplexArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";

/** Michelot's rounds on rows shifted by their largest entry, so that at least one entry stays in. */
export function projectSimplex({ x, radius = 1 }: ProjectSimplexArguments): void {
  const { values, rows, columns, stride } = matrixView(x);
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * stride, i * stride + columns);
    let largest = -Infinity;
    for (const value of row) largest = Math.max(largest, value);
    let threshold = -Infinity;
    for (let kept = columns + 1;;) {
      let sum = 0, count = 0;
      for (const value of row) {
        if (!(value - largest > threshold)) continue;
        sum += value - largest;
        count++;
      }
      if (!(count < kept)) break;
      kept = count;
      threshold = (sum - radius) / count;
    }
    for (let j = 0; j < columns; j++) row[j] = Math.max(row[j] - largest - threshold, 0);
  }
}
