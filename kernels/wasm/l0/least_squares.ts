import { start } from "./addresses.ts";
import { penaltyStruct } from "./penalty.ts";
import { addressOf, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.leastSquaresDescent}. */
export const leastSquaresDescent: Lowering<"leastSquaresDescent"> = (
  { gram, features, rows, kinds, coefficients, linear, correlations, penalty, sweeps, tolerance },
) => [{
  entry: "leastSquaresDescent_f64",
  parameters: [
    coefficients.length,
    linear.length,
    addressOf(gram),
    strideOf(gram),
    start(features),
    start(rows),
    start(kinds),
    addressOf(coefficients),
    addressOf(linear),
    addressOf(correlations),
    penaltyStruct(penalty),
    sweeps,
    tolerance,
  ],
}];
