/** The precision that scales are kept in, where it is not that of the weights. */

import { roundToFloat16 } from "../core/float16.ts";
import type { Vector } from "../core/matrix.ts";
import type { ScalePrecision } from "./options.ts";

/** The least positive number of half precision. */
const leastFloat16 = 2 ** -24;

/**
 * Rounds positive scales to a precision; nothing changes without one. What would vanish in half precision becomes its
 * least number, for weights are often as small.
 */
export function scaleRounding(precision: ScalePrecision | undefined): (scale: number) => number {
  if (precision === "f16") return (scale) => Math.max(roundToFloat16(scale), leastFloat16);
  return precision === "f32" ? Math.fround : (scale) => scale;
}

/** Whether the precision is narrower than that of the scales as they are computed. */
export function roundsScales(precision: ScalePrecision | undefined, scales: Vector): boolean {
  return precision === "f16" || precision === "f32" && scales instanceof Float64Array;
}
