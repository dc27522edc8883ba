/** Dense passes of coordinate descent over the grid. @module */

import type { Completion } from "../operands.ts";
import type { QuantizationState } from "./state.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * Columns that kernels may update together. A pass in several calls, one range of columns after the other, gives the
 * bits of a pass in one where the ranges meet at multiples of it.
 */
export const sweepBlock = 64;

/** One pass over columns from left to right. */
export interface QuantizationSweepArguments extends QuantizationState {
  /** First column to update. @default 0 */
  readonly begin?: number;
  /** The column after the last one to update. @default columns */
  readonly end?: number;
  /** Take the real-valued target as the new level. @default false */
  readonly relaxed?: boolean;
  /** `M` is upper triangular, zeros included: columns left of the current one do not change. @default false */
  readonly triangular?: boolean;
}

/** Dense passes. Rows split. */
export interface QuantizationSweepKernels {
  /** A dense pass, blocked: panels of columns, then one matrix product for the rest. */
  quantizationSweep(operands: QuantizationSweepArguments): Completion;
}

/** Their specifications. */
export const quantizationSweepSpecifications: FamilySpecifications<QuantizationSweepKernels> = {
  quantizationSweep: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
};

/** Floating-point operations of one call; a multiply-add counts two. */
export function quantizationSweepFlops(
  { levels: { rows, columns }, begin = 0, end = columns, triangular }: Pick<
    QuantizationSweepArguments,
    "levels" | "begin" | "end" | "triangular"
  >,
): number {
  return rows * (end - begin) * (2 * columns - (triangular ? begin + end : 0));
}
