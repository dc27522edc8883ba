import { FIT_WORDS, SEARCH_BYTES } from "../../contract/l0/constants.ts";
import { laidOut, start } from "./addresses.ts";
import { addressOf, type Lowering, strideOf } from "../launch.ts";

/** Bytes that a thread keeps of what tasks have in common with their last look: beyond, of one task alone. */
const mostKeptBytes = 1 << 24;

/** Lowering of {@linkcode Kernels.taskMoves}: fits split. A fit takes many looks at all features. */
export const taskMoves: Lowering<"taskMoves"> = (operands) => {
  const { tasks, features: p, fits, blocks, samples, gram, linear, diagonal, supports, counts, coefficients } =
    operands;
  const s = coefficients.columns;
  if (strideOf(fits) !== FIT_WORDS || strideOf(coefficients) !== s) {
    throw new RangeError("Cannot lower a batch of fits: its rows must be contiguous.");
  }
  const row = 8 * s, all = tasks * row, square = tasks * s * row, wide = 8 * p;
  const slots = 2 * tasks * s * wide <= mostKeptBytes ? tasks : 1;
  return [{
    entry: "taskMoves_f64",
    parameters: [
      tasks,
      p,
      s,
      slots,
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
      slots * s * wide,
      slots * s * wide,
      slots * wide,
      ...[1, 2, 3].map(() => (s + 1) * wide),
      ...[1, 2, 3, 4, 5, 6].map(() => wide),
      square,
      square,
      s * row,
      ...[1, 2, 3, 4, 5, 6, 7, 8].map(() => all),
      16 * tasks,
      row,
      row,
      row,
      3 * row,
      4 * slots * s,
      4 * s,
      4 * tasks,
      tasks,
      p,
    ),
  }];
};
