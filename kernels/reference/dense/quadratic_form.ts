import type { QuadraticFormArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";

/** `values[i] = x_i A x_i^T` in f64: twice the part below the diagonal, plus the diagonal. */
export function quadraticForm({ x, a, values, begin = 0, end = x.columns }: QuadraticFormArguments): void {
  const rows = matrixView(x), form = matrixView(a), target = vectorView(values);
  for (let i = 0; i < x.rows; i++) {
    let total = begin > 0 ? target[i] : 0;
    for (let j = begin; j < end; j++) {
      const weight = rows.values[i * rows.stride + j];
      if (weight === 0) continue;
      let sum = form.values[j * form.stride + j] * weight / 2;
      for (let k = 0; k < j; k++) {
        sum += form.values[j * form.stride + k] * rows.values[i * rows.stride + k];
      }
      total += 2 * weight * sum;
    }
    target[i] = total;
  }
}
