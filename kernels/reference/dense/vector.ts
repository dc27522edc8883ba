import type { AxpyArguments, DotArguments, VectorOperand } from "../../contract.ts";
import { vectorView } from "../operands.ts";

/** `x . y`, summed in f64 from the first element to the last. */
export function dot({ x, y }: DotArguments): number {
  const left = vectorView(x), right = vectorView(y);
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += left[i] * right[i];
  return sum;
}

/** `y += alpha x`. */
export function axpy({ alpha, x, y }: AxpyArguments): void {
  const source = vectorView(x), target = vectorView(y);
  for (let i = 0; i < source.length; i++) target[i] += alpha * source[i];
}

/** `||x||_2`, scaled by the largest magnitude so that no square overflows or underflows. */
export function nrm2({ x }: { readonly x: VectorOperand }): number {
  const values = vectorView(x);
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    if (Number.isNaN(magnitude)) return NaN;
    if (magnitude > largest) largest = magnitude;
  }
  if (largest === 0 || largest === Infinity) return largest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}
