import type { VectorOperand } from "../spec.ts";
import { vectorView } from "./operands.ts";

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
