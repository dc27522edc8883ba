import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.rowDots}: rows split. */
export const rowDots: Lowering<"rowDots"> = ({ x, y, values }) => [{
  entry: `rowDots_${x.array.dtype}`,
  parameters: [x.columns, addressOf(x), strideOf(x), addressOf(y), strideOf(y), addressOf(values)],
  extent: x.rows,
  grain: grainFor(x.columns),
}];

/** Lowering of {@linkcode Kernels.rowGram}: rows of the upper triangle split. */
export const rowGram: Lowering<"rowGram"> = ({ a, gram }) => [{
  entry: `rowGram_${a.array.dtype}`,
  parameters: [a.rows, a.columns, addressOf(a), strideOf(a), addressOf(gram), strideOf(gram)],
  extent: a.rows,
  grain: grainFor(a.rows * a.columns / 2),
  uneven: true,
}];
