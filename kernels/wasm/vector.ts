import { addressOf, type Lowering } from "./launch.ts";

/** Lowering of {@linkcode Kernels.dot}. */
export const dot: Lowering<"dot"> = ({ x, y }) => [
  { entry: `dot_${x.array.dtype}`, parameters: [x.length, addressOf(x), addressOf(y)] },
];
