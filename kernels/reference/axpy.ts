import type { AxpyArguments } from "../spec.ts";
import { vectorView } from "./operands.ts";

/** `y += alpha x`. */
export function axpy({ alpha, x, y }: AxpyArguments): void {
  const source = vectorView(x), target = vectorView(y);
  for (let i = 0; i < source.length; i++) target[i] += alpha * source[i];
}
