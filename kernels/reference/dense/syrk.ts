import type { SyrkArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";

/** `C = alpha A^T A + beta C`: the upper triangle, summed in f64, then mirrored. */
export function syrk({ a, c, alpha = 1, beta = 0 }: SyrkArguments): void {
  const source = matrixView(a), target = matrixView(c);
  for (let i = 0; i < a.columns; i++) {
    for (let j = i; j < a.columns; j++) {
      let sum = 0;
      for (let k = 0; k < a.rows; k++) {
        sum += source.values[k * source.stride + i] * source.values[k * source.stride + j];
      }
      const at = i * target.stride + j;
      target.values[at] = alpha * sum + (beta === 0 ? 0 : beta * target.values[at]);
      target.values[j * target.stride + i] = target.values[at];
    }
  }
}
