import type { HostArray } from "../../contract.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

const start = (array: unknown) => (array as HostArray).address;

/** Lowering of {@linkcode Kernels.sparseProduct}: lines split; they differ in length. */
export const sparseProduct: Lowering<"sparseProduct"> = ({ s, x, y, alpha = 1, beta = 0 }) => [{
  entry: `sparseProduct_${y.array.dtype}`,
  parameters: [
    y.columns,
    alpha,
    start(s.indptr),
    start(s.indices),
    addressOf(s.values),
    s.positions ? start(s.positions) : 0,
    addressOf(x),
    strideOf(x),
    beta,
    addressOf(y),
    strideOf(y),
  ],
  extent: y.rows,
  grain: grainFor(y.columns * (1 + s.indices.length / Math.max(1, y.rows))),
  uneven: true,
}];

/** Lowering of {@linkcode Kernels.sampledProduct}: lines split; they differ in length. */
export const sampledProduct: Lowering<"sampledProduct"> = ({ pattern, left, right, values, base, alpha = 1 }) => [{
  entry: `sampledProduct_${values.array.dtype}`,
  parameters: [
    left.columns,
    alpha,
    start(pattern.indptr),
    start(pattern.indices),
    addressOf(left),
    strideOf(left),
    addressOf(right),
    strideOf(right),
    base ? addressOf(base) : 0,
    addressOf(values),
  ],
  extent: left.rows,
  grain: grainFor((1 + left.columns) * (1 + pattern.indices.length / Math.max(1, left.rows))),
  uneven: true,
}];

/** Lowering of {@linkcode Kernels.sparseFill}: lines split; they differ in length. */
export const sparseFill: Lowering<"sparseFill"> = ({ pattern, values, shares, y }) => [{
  entry: `sparseFill_${y.array.dtype}`,
  parameters: [
    start(pattern.indptr),
    start(pattern.indices),
    addressOf(values),
    shares ? addressOf(shares) : 0,
    addressOf(y),
    strideOf(y),
  ],
  extent: y.rows,
  grain: grainFor(4 * (1 + pattern.indices.length / Math.max(1, y.rows))),
  uneven: true,
}];
