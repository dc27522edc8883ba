import { start } from "./addresses.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.scaledConjugates}: rows split. */
export const scaledConjugates: Lowering<"scaledConjugates"> = (
  { first, slopes, statuses, scales, penalty, sums, steepest },
) => [{
  entry: "scaledConjugates_f64",
  parameters: [
    ...[slopes.columns, first, addressOf(slopes), strideOf(slopes), start(statuses)],
    ...[scales.length, addressOf(scales), penalty.lambda0, penalty.lambda2, penalty.bound, penalty.threshold],
    ...[addressOf(sums), strideOf(sums), addressOf(steepest)],
  ],
  extent: slopes.rows,
  grain: grainFor(4 * slopes.columns),
}];
