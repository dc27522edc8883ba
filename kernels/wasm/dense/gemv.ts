import { stridesOf } from "./strides.ts";
import { addressOf, grainFor, type Lowering } from "../launch.ts";

/** Lowering of {@linkcode Kernels.gemv}: the elements of y split. */
export const gemv: Lowering<"gemv"> = ({ a, transpose = false, x, y, alpha = 1, beta = 0 }) => [
  {
    entry: `gemv_${y.array.dtype}`,
    parameters: [x.length, alpha, addressOf(a), ...stridesOf(a, transpose), addressOf(x), beta, addressOf(y)],
    extent: y.length,
    grain: grainFor(x.length, 16),
  },
];
