import { start } from "./addresses.ts";
import { penaltyStruct } from "./penalty.ts";
import { adjacency } from "./pseudolikelihood_steps.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.graphSwaps}: vertices split. */
export const graphSwaps: Lowering<"graphSwaps"> = (operands) => {
  const { first, gradient, gram, rows, rowsFrom, variances, leastCurvatures, penalty } = operands;
  const { gains, targets, along, values, diagonal } = operands;
  return [{
    entry: "graphSwaps_f64",
    parameters: [
      diagonal.length,
      ...adjacency(operands),
      first,
      addressOf(gradient),
      strideOf(gradient),
      addressOf(gram),
      strideOf(gram),
      start(rows),
      rowsFrom,
      addressOf(variances),
      addressOf(leastCurvatures),
      penaltyStruct(penalty),
      addressOf(gains),
      start(targets),
      addressOf(along),
    ],
    extent: gradient.rows,
    grain: grainFor(4 * values.length),
  }];
};
