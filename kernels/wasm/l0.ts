import type { HostArray, L0Penalty } from "../spec.ts";
import { addressOf, type Lowering, strideOf } from "./launch.ts";

/** The scalars of a penalty, in the order of every kernel. */
export const penaltyParameters = ({ lambda0, lambda2, bound, threshold, ratio }: L0Penalty) => [
  lambda0,
  lambda2,
  bound,
  threshold,
  ratio,
];

export const start = (array: unknown) => (array as HostArray).address;

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

/** Lowering of {@linkcode Kernels.graphDescent}. */
export const graphDescent: Lowering<"graphDescent"> = (
  { gram, ends, kinds, values, diagonal, products, norms, own, penalty, sweeps, tolerance },
) => [{
  entry: "graphDescent_f64",
  parameters: [
    ...[diagonal.length, values.length, addressOf(gram), strideOf(gram)],
    ...[start(ends), start(kinds), addressOf(values), addressOf(diagonal)],
    ...[addressOf(products), strideOf(products), addressOf(norms), addressOf(own)],
    ...[...penaltyParameters(penalty), sweeps, tolerance],
  ],
}];
