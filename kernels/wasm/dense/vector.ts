import { addressOf, grainFor, type Lowering } from "../launch.ts";

/** Lowering of {@linkcode Kernels.dot}. */
export const dot: Lowering<"dot"> = ({ x, y }) => [
  { entry: `dot_${x.array.dtype}`, parameters: [x.length, addressOf(x), addressOf(y)] },
];

/** Lowering of {@linkcode Kernels.axpy}. */
export const axpy: Lowering<"axpy"> = ({ alpha, x, y }) => [
  {
    entry: `axpy_${x.array.dtype}`,
    parameters: [alpha, addressOf(x), addressOf(y)],
    extent: x.length,
    grain: grainFor(1),
  },
];

/** Lowering of {@linkcode Kernels.nrm2}. */
export const nrm2: Lowering<"nrm2"> = ({ x }) => [
  { entry: `nrm2_${x.array.dtype}`, parameters: [x.length, addressOf(x)] },
];
