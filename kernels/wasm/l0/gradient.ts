import { start } from "./addresses.ts";
import { graph } from "./pseudolikelihood_steps.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Rows of slopes that are summed together. */
const slopeGroup = 8;

/** Lowering of {@linkcode Kernels.graphSlopes}: rows split. */
export const graphSlopes: Lowering<"graphSlopes"> = (operands) => {
  const { first, from = 0, slopes, values, diagonal } = operands;
  return [{
    entry: "graphSlopes_f64",
    parameters: [...graph(operands), first, from, addressOf(slopes), strideOf(slopes)],
    extent: slopes.rows,
    grain: grainFor(2 * (values.length + diagonal.length), slopeGroup),
    scratchBytes: 8 * slopeGroup * diagonal.length,
  }];
};

/** Lowering of {@linkcode Kernels.pairedSlopes}: rows split. */
export const pairedSlopes: Lowering<"pairedSlopes"> = (
  { first, from = 0, products, mirrored, transposed, diagonal, slopes },
) => [{
  entry: "pairedSlopes_f64",
  parameters: [
    ...[slopes.columns, first, from, addressOf(products), strideOf(products), addressOf(mirrored)],
    ...(transposed ? [1, strideOf(mirrored)] : [strideOf(mirrored), 1]),
    ...[addressOf(diagonal), addressOf(slopes), strideOf(slopes)],
  ],
  extent: slopes.rows,
  grain: grainFor(8 * slopes.columns),
}];

/** Lowering of {@linkcode Kernels.steepEntries}: rows split. */
export const steepEntries: Lowering<"steepEntries"> = ({ first, slopes, limits, columns, counts }) => [{
  entry: "steepEntries_f64",
  parameters: [
    ...[slopes.columns, first, addressOf(slopes), strideOf(slopes), addressOf(limits), start(columns), start(counts)],
  ],
  extent: slopes.rows,
  grain: grainFor(slopes.columns),
}];
