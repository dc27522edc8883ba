import type { HostArray } from "../../contract.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";

const start = (array: unknown) => (array as HostArray).address;

/** Lowering of {@linkcode Kernels.tridiagonalize}. */
export const tridiagonalize: Lowering<"tridiagonalize"> = (
  { a, diagonal, offDiagonal, factors, begin, end },
) => [{
  entry: `tridiagonalize_${a.array.dtype}`,
  parameters: [
    a.rows,
    addressOf(a),
    strideOf(a),
    addressOf(diagonal),
    addressOf(offDiagonal),
    addressOf(factors),
    begin,
    end,
  ],
  // At least one element, so that a call of no rows passes an address, too.
  scratchBytes: Math.max(1, a.rows) * bytesPerElement[a.array.dtype],
}];

/** Lowering of {@linkcode Kernels.tridiagonalBasis}: rows split, the later the longer. */
export const tridiagonalBasis: Lowering<"tridiagonalBasis"> = ({ a, factors, vectors, begin, end }) => [{
  entry: `tridiagonalBasis_${a.array.dtype}`,
  parameters: [a.rows, addressOf(a), strideOf(a), addressOf(factors), addressOf(vectors), strideOf(vectors), begin],
  extent: end - begin,
  grain: grainFor(a.rows * a.rows / 2),
  uneven: true,
}];

/** Lowering of {@linkcode Kernels.tridiagonalQl}. */
export const tridiagonalQl: Lowering<"tridiagonalQl"> = ({ diagonal, offDiagonal, state, places, rotations }) => [{
  entry: "tridiagonalQl_f64",
  parameters: [
    diagonal.length,
    addressOf(diagonal),
    addressOf(offDiagonal),
    start(state),
    places.length,
    start(places),
    start(rotations),
  ],
}];

/** Lowering of {@linkcode Kernels.rotateRows}: columns split, in whole cache lines. */
export const rotateRows: Lowering<"rotateRows"> = ({ vectors, places, rotations, count }) => [{
  entry: `rotateRows_${vectors.array.dtype}`,
  parameters: [count, start(places), start(rotations), addressOf(vectors), strideOf(vectors)],
  extent: vectors.columns,
  grain: grainFor(2 * count, 16),
}];
