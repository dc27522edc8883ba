import { start } from "./addresses.ts";
import { penaltyStruct } from "./penalty.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.scaledConjugates}: rows split. */
export const scaledConjugates: Lowering<"scaledConjugates"> = (
  { first, gradient, statuses, scales, penalty, sums, largest },
) => [{
  entry: "scaledConjugates_f64",
  parameters: [
    gradient.columns,
    first,
    addressOf(gradient),
    strideOf(gradient),
    start(statuses),
    scales.length,
    addressOf(scales),
    penaltyStruct(penalty),
    addressOf(sums),
    strideOf(sums),
    addressOf(largest),
  ],
  extent: gradient.rows,
  grain: grainFor(4 * gradient.columns),
}];
