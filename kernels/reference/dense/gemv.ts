import type { GemvArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";

/** `y = alpha op(A) x + beta y`, each element summed in f64. */
export function gemv({ a, transpose = false, x, y, alpha = 1, beta = 0 }: GemvArguments): void {
  const { values, stride } = matrixView(a), source = vectorView(x), target = vectorView(y);
  const [rowStride, columnStride] = transpose ? [1, stride] : [stride, 1];
  for (let i = 0; i < y.length; i++) {
    let sum = 0;
    for (let k = 0; k < x.length; k++) sum += values[i * rowStride + k * columnStride] * source[k];
    target[i] = alpha * sum + (beta === 0 ? 0 : beta * target[i]);
  }
}
