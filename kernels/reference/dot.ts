import type { DotArguments } from "../spec.ts";
import { vectorView } from "./operands.ts";

/** `x . y`, summed in f64 from the first element to the last. */
export function dot({ x, y }: DotArguments): number {
  const left = vectorView(x), right = vectorView(y);
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += left[i] * right[i];
  return sum;
}
