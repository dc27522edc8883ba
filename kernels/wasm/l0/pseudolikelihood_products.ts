import { start } from "./addresses.ts";
import { penaltyParameters } from "./penalty.ts";
import { addressOf, type Lowering, strideOf } from "../launch.ts";

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
