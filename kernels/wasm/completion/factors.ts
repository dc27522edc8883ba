import type { HostArray } from "../../contract.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.factorSteps}: lines split; their entries differ in number. */
export const factorSteps: Lowering<"factorSteps"> = (
  { indptr, order, indices, gradients, curvatures, other, penalty, offsetPenalty, factor, offsets },
) => {
  const size = factor.columns + (offsets ? 1 : 0), stride = paddedSize(size);
  return [{
    entry: "factorSteps_f64",
    parameters: [
      (indptr as HostArray).address,
      order ? (order as HostArray).address : 0,
      (indices as HostArray).address,
      addressOf(gradients),
      addressOf(curvatures),
      factor.columns,
      addressOf(other),
      strideOf(other),
      penalty,
      offsetPenalty,
      addressOf(factor),
      strideOf(factor),
      offsets ? addressOf(offsets) : 0,
    ],
    extent: factor.rows,
    grain: grainFor(perLine(indices.length, factor.rows) * size * size / 2 + size ** 3 / 6),
    uneven: true,
    // The normal equations, their right-hand side, and four lines of the other factor with their multiples.
    scratchBytes: 8 * stride * (stride + 9),
  }];
};

/** Lines of scratch memory are whole vectors. */
const paddedSize = (size: number) => size + size % 2;

const perLine = (entries: number, lines: number) => entries / Math.max(1, lines);
