import { start } from "./addresses.ts";
import { penaltyParameters } from "./penalty.ts";
import { addressOf, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.regressionDescent}. */
export const regressionDescent: Lowering<"regressionDescent"> = (
  { gram, features, rows, kinds, coefficients, linear, correlations, penalty, sweeps, tolerance },
) => [{
  entry: "regressionDescent_f64",
  parameters: [
    ...[coefficients.length, linear.length, addressOf(gram), strideOf(gram)],
    ...[start(features), start(rows), start(kinds)],
    ...[addressOf(coefficients), addressOf(linear), addressOf(correlations)],
    ...[...penaltyParameters(penalty), sweeps, tolerance],
  ],
}];
