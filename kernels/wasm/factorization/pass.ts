import { passParts, passRows } from "../../contract/factorization/pass.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";
import { TILE_ROW } from "./tile.ts";

/** Lowering of {@linkcode Kernels.nonnegativePass}: parts of the rows split, then columns of the sums. */
export const nonnegativePass: Lowering<"nonnegativePass"> = (
  { x, components, gram, factor, sweeps = 1, parts, linear },
) => {
  const { dtype } = x.array, rank = factor.rows, count = passParts(x.rows);
  const place = (operand: typeof x) => [addressOf(operand), strideOf(operand)];
  return [{
    entry: `nonnegativePass_${dtype}`,
    parameters: [x.rows, x.columns, rank, sweeps, passRows, ...[x, components, gram, factor, parts].flatMap(place)],
    extent: count,
    grain: grainFor(2 * passRows * rank * x.columns),
    scratchBytes: rank * (rank + 1) * bytesPerElement[dtype] + 2 * rank * TILE_ROW + 16,
  }, {
    entry: `sumParts_${dtype}`,
    parameters: [rank, count, ...[parts, linear].flatMap(place)],
    extent: x.columns,
    grain: grainFor(rank * count, 16),
  }];
};
