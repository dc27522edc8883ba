import { FIT_WORDS, SEARCH_BYTES } from "../../contract/l0/constants.ts";
import { laidOut, start } from "./addresses.ts";
import { addressOf, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.taskMoves}: fits split. A fit takes many looks at all features. */
export const taskMoves: Lowering<"taskMoves"> = (operands) => {
  const { tasks, features: p, fits, blocks, samples, gram, linear, diagonal, supports, counts, coefficients } =
    operands;
  const s = coefficients.columns;
  if (strideOf(fits) !== FIT_WORDS || strideOf(coefficients) !== s) {
    throw new RangeError("Cannot lower a batch of fits: its rows must be contiguous.");
  }
  const row = 8 * s, all = tasks * row, square = tasks * s * row, wide = 8 * p;
  return [{
    entry: "taskMoves_f64",
    parameters: [
      tasks,
      p,
      s,
      addressOf(fits),
      start(blocks),
      start(samples),
      start(gram),
      addressOf(linear),
      addressOf(diagonal),
      start(supports),
      start(counts),
      addressOf(coefficients),
    ],
    extent: fits.rows,
    grain: 1,
    uneven: true,
    scratchBytes: laidOut(
      SEARCH_BYTES,
      s * wide,
      s * wide,
      ...[1, 2, 3].map(() => (s + 1) * wide),
      ...[1, 2, 3, 4, 5].map(() => wide),
      square,
      square,
      s * row,
      ...[1, 2, 3, 4, 5, 6].map(() => all),
      row,
      row,
      row,
      4 * s,
      4 * s,
      p,
    ),
  }];
};
