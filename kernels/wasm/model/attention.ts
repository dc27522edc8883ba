import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.rotatePositions}: rows split. */
export const rotatePositions: Lowering<"rotatePositions"> = ({ x, cosines, sines, headSize }) => [{
  entry: "rotatePositions_f32",
  parameters: [
    x.columns,
    headSize,
    cosines.columns,
    addressOf(x),
    strideOf(x),
    addressOf(cosines),
    addressOf(sines),
  ],
  extent: x.rows,
  grain: grainFor(2 * x.columns),
}];

/** Lowering of {@linkcode Kernels.causalAttention}: queries split; later ones see more keys. */
export const causalAttention: Lowering<"causalAttention"> = (
  { queries, keys, values, outputs, heads, keyValueHeads, first, window = 0, scale, slopes },
) => {
  const seen = first + queries.rows;
  return [{
    entry: "causalAttention_f32",
    parameters: [
      heads,
      heads / keyValueHeads,
      queries.columns / heads,
      first,
      window,
      scale,
      slopes ? addressOf(slopes) : 0,
      addressOf(queries),
      strideOf(queries),
      addressOf(keys),
      strideOf(keys),
      addressOf(values),
      strideOf(values),
      addressOf(outputs),
      strideOf(outputs),
    ],
    extent: queries.rows,
    grain: grainFor(2 * queries.columns * Math.min(seen, window || seen) / 2),
    uneven: true,
    // One score a key.
    scratchBytes: 4 * Math.max(4, seen),
  }];
};
