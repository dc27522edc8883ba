import type { GraphOperands, HostArray, L0Penalty } from "../spec.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "./launch.ts";

/** The scalars of a penalty, in the order of every kernel. */
export const penaltyParameters = ({ lambda0, lambda2, bound, threshold, ratio }: L0Penalty) => [
  lambda0,
  lambda2,
  bound,
  threshold,
  ratio,
];

const start = (array: unknown) => (array as HostArray).address;

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
  { gram, ends, kinds, values, diagonal, products, norms, penalty, sweeps, tolerance },
) => [{
  entry: "graphDescent_f64",
  parameters: [
    ...[diagonal.length, values.length, addressOf(gram), strideOf(gram)],
    ...[start(ends), start(kinds), addressOf(values), addressOf(diagonal)],
    ...[addressOf(products), strideOf(products), addressOf(norms)],
    ...[...penaltyParameters(penalty), sweeps, tolerance],
  ],
}];

const graph = ({ gram, starts, neighbours, incident, values, diagonal }: GraphOperands) => [
  ...[diagonal.length, addressOf(gram), strideOf(gram)],
  ...[start(starts), start(neighbours), start(incident)],
  ...[addressOf(values), addressOf(diagonal)],
];

/** Lowering of {@linkcode Kernels.neighbourDescent}. */
export const neighbourDescent: Lowering<"neighbourDescent"> = (operands) => {
  const { ends, kinds, values, norms, own, penalty, sweeps, tolerance } = operands;
  return [{
    entry: "neighbourDescent_f64",
    parameters: [
      ...graph(operands),
      ...[values.length, start(ends), start(kinds), addressOf(norms), addressOf(own)],
      ...[...penaltyParameters(penalty), sweeps, tolerance],
    ],
  }];
};

/** Lowering of {@linkcode Kernels.graphSlopes}: rows split. */
export const graphSlopes: Lowering<"graphSlopes"> = (operands) => {
  const { first, slopes, values, diagonal } = operands;
  return [{
    entry: "graphSlopes_f64",
    parameters: [...graph(operands), first, addressOf(slopes), strideOf(slopes)],
    extent: slopes.rows,
    grain: grainFor(4 * (values.length + diagonal.length)),
  }];
};
