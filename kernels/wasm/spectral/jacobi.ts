import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.jacobiSweep}: one call, for each rotation needs those before it. */
export const jacobiSweep: Lowering<"jacobiSweep"> = ({ a, vectors, threshold }) => [{
  entry: `jacobiSweep_${a.array.dtype}`,
  parameters: [
    a.rows,
    threshold,
    addressOf(a),
    strideOf(a),
    vectors.columns,
    addressOf(vectors),
    strideOf(vectors),
  ],
}];

/** Lowering of {@linkcode Kernels.orthogonalizeRows}: a launch for each round, whose pairs split. */
export const orthogonalizeRows: Lowering<"orthogonalizeRows"> = function* ({ a, along, tolerance }) {
  const pairs = Math.ceil(a.rows / 2);
  let count = 0;
  for (let round = 0; round + 1 < 2 * pairs; round++) {
    count += yield {
      entry: `orthogonalizePairs_${a.array.dtype}`,
      parameters: [
        round,
        a.rows,
        tolerance,
        a.columns,
        addressOf(a),
        strideOf(a),
        along.columns,
        addressOf(along),
        strideOf(along),
      ],
      extent: pairs,
      grain: grainFor(7 * a.columns + 4 * along.columns),
    };
  }
  return count;
};
