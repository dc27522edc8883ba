import { start } from "./addresses.ts";
import { SUPPORT_BLOCK } from "../../contract/l0/constants.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.supportUpdate}: columns split. */
export const supportUpdate: Lowering<"supportUpdate"> = (
  { products, row, shares, factors, curvatures, correlations, whole, square, single, least },
) => [{
  entry: "supportUpdate_f64",
  parameters: [
    factors.length,
    addressOf(products),
    strideOf(products),
    addressOf(row),
    shares.length,
    addressOf(shares),
    addressOf(factors),
    addressOf(curvatures),
    addressOf(correlations),
    addressOf(whole),
    square,
    single,
    least,
  ],
  extent: row.length,
  grain: grainFor(shares.length + factors.length + 4, SUPPORT_BLOCK),
  scratchBytes: SUPPORT_BLOCK * bytesPerElement.f64,
}];

/** Lowering of {@linkcode Kernels.backwardElimination}. */
export const backwardElimination: Lowering<"backwardElimination"> = ({ gram, linear, stays, order, costs }) => [{
  entry: "backwardElimination_f64",
  parameters: [
    linear.length,
    addressOf(gram),
    strideOf(gram),
    addressOf(linear),
    start(stays),
    start(order),
    addressOf(costs),
  ],
  // Another matrix, and five numbers a feature; some, where there is no feature.
  scratchBytes: (linear.length + 5) * Math.max(1, linear.length) * bytesPerElement.f64,
}];
