import { passParts } from "../../contract/factorization/pass.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";
import { TILE_ROW } from "./tile.ts";

/** The least grain, from one on, of which an even number of parts has twice a whole number: two threads share it evenly. */
function halvingGrain(count: number, least: number): number {
  let grain = Math.max(1, Math.min(least, count / 2));
  while (count / 2 % grain > 0) grain++;
  return grain;
}

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
    grain: halvingGrain(count, grainFor(2 * rows / Math.max(1, count) * rank * columns)),
    // Parts are alike, but a thread that comes late leaves some of its own to the other.
    uneven: true,
    scratchBytes: rank * (rank + 1) * bytesPerElement[dtype] + 2 * rank * TILE_ROW + 16,
  }, {
    entry: `sumParts_${dtype}`,
    parameters: [rank, count, ...[parts, linear, gramParts, factorGram].flatMap(place)],
    extent: columns,
    grain: grainFor(rank * count, 16),
  }];
};
