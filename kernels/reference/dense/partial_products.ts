import type { PartialProductsArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";

/** `A_p^T B_p` for every block of rows, summed in f64. */
export function partialProducts({ a, b = a, parts, lines }: PartialProductsArguments): void {
  const left = matrixView(a), right = matrixView(b), target = matrixView(parts);
  for (let p = 0; p < parts.rows; p++) {
    const begin = p * lines, end = Math.min(a.rows, begin + lines);
    for (let i = 0; i < a.columns; i++) {
      for (let j = 0; j < b.columns; j++) {
        let sum = 0;
        for (let r = begin; r < end; r++) sum += left.values[r * left.stride + i] * right.values[r * right.stride + j];
        target.values[p * target.stride + i * b.columns + j] = sum;
      }
    }
  }
}
