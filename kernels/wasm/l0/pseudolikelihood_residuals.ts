import { start } from "./addresses.ts";
import { penaltyStruct } from "./penalty.ts";
import { adjacency, sweepClasses } from "./pseudolikelihood_steps.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.residualDescent}: edges of a class split, and vertices. */
export const residualDescent: Lowering<"residualDescent"> = (operands) => {
  const { samples, residuals, variances, ends, kinds, values, diagonal, norms, diagonalProducts, changes, penalty } =
    operands;
  const shared = [
    samples.columns,
    addressOf(samples),
    strideOf(samples),
    addressOf(residuals),
    strideOf(residuals),
  ];
  const results = [addressOf(norms), addressOf(diagonalProducts)];
  const vertices = { extent: diagonal.length, grain: grainFor(2 * samples.columns) };
  return sweepClasses(operands, {
    norms: { entry: "residualNorms_f64", parameters: [...shared, ...adjacency(operands), ...results], ...vertices },
    edges: {
      entry: "residualEdges_f64",
      parameters: [
        ...shared,
        addressOf(variances),
        addressOf(values),
        addressOf(diagonal),
        start(ends),
        start(kinds),
        addressOf(norms),
        addressOf(changes),
        penaltyStruct(penalty),
      ],
      grain: grainFor(4 * samples.columns),
    },
    diagonals: {
      entry: "residualDiagonals_f64",
      parameters: [
        ...shared,
        addressOf(variances),
        addressOf(diagonal),
        ...results,
        addressOf(changes) + 8 * values.length,
      ],
      ...vertices,
    },
  });
};
