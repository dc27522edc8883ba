import { start } from "./addresses.ts";
import { graph } from "./pseudolikelihood_steps.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Rows of the gradient that are summed together. */
const gradientGroup = 8;

/** Lowering of {@linkcode Kernels.graphGradient}: rows split. */
export const graphGradient: Lowering<"graphGradient"> = (operands) => {
  const { first, from = 0, gradient, values, diagonal } = operands;
  return [{
    entry: "graphGradient_f64",
    parameters: [...graph(operands), first, from, addressOf(gradient), strideOf(gradient)],
    extent: gradient.rows,
    grain: grainFor(2 * (values.length + diagonal.length), gradientGroup),
    scratchBytes: 8 * gradientGroup * diagonal.length,
  }];
};

/** Lowering of {@linkcode Kernels.pairedGradient}: rows split. */
export const pairedGradient: Lowering<"pairedGradient"> = (
  { first, from = 0, products, mirrored, transposed, diagonal, gradient },
) => [{
  entry: "pairedGradient_f64",
  parameters: [
    gradient.columns,
    first,
    from,
    addressOf(products),
    strideOf(products),
    addressOf(mirrored),
    ...(transposed ? [1, strideOf(mirrored)] : [strideOf(mirrored), 1]),
    addressOf(diagonal),
    addressOf(gradient),
    strideOf(gradient),
  ],
  extent: gradient.rows,
  grain: grainFor(8 * gradient.columns),
}];

/** Lowering of {@linkcode Kernels.entriesAbove}: rows split. */
export const entriesAbove: Lowering<"entriesAbove"> = ({ first, gradient, limits, columns, counts }) => [{
  entry: "entriesAbove_f64",
  parameters: [
    gradient.columns,
    first,
    addressOf(gradient),
    strideOf(gradient),
    addressOf(limits),
    start(columns),
    start(counts),
  ],
  extent: gradient.rows,
  grain: grainFor(gradient.columns),
}];
