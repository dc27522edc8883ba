import { passParts } from "../../contract/factorization/pass.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";
import { TILE_ROW } from "./tile.ts";

/** Lowering of {@linkcode Kernels.nonnegativePass}: parts of the rows split, then columns of the sums. */
export const nonnegativePass: Lowering<"nonnegativePass"> = (
  { x, components, gram, factor, sweeps = 1, parts, gramParts, linear, factorGram },
) => {
  const { dtype } = x.array, { rows, columns } = x, rank = factor.rows, count = passParts(rows);
  const place = (operand: typeof x) => [addressOf(operand), strideOf(operand)];
  return [{
    entry: `nonnegativePass_${dtype}`,
    parameters: [rows, columns, rank, sweeps, count, ...[x, components, gram, factor, parts, gramParts].flatMap(place)],
    extent: count,
    grain: grainFor(2 * rows / count * rank * columns),
    scratchBytes: rank * (rank + 1) * bytesPerElement[dtype] + 2 * rank * TILE_ROW + 16,
  }, {
    entry: `sumParts_${dtype}`,
    parameters: [rank, count, ...[parts, linear, gramParts, factorGram].flatMap(place)],
    extent: columns,
    grain: grainFor(rank * count, 16),
  }];
};
