import type { GemmArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";

/** `C = alpha op(A) op(B) + beta C`, each element summed in f64 from first to last. */
export function gemm({ a, b, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 }: GemmArguments): void {
  const left = matrixView(a), right = matrixView(b), target = matrixView(c);
  const depth = transposeA ? a.rows : a.columns;
  const [leftRow, leftColumn] = transposeA ? [1, left.stride] : [left.stride, 1];
  const [rightRow, rightColumn] = transposeB ? [1, right.stride] : [right.stride, 1];
  for (let i = 0; i < c.rows; i++) {
    for (let j = 0; j < c.columns; j++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) {
        sum += left.values[i * leftRow + k * leftColumn] * right.values[k * rightRow + j * rightColumn];
      }
      const at = i * target.stride + j;
      target.values[at] = alpha * sum + (beta === 0 ? 0 : beta * target.values[at]);
    }
  }
}
