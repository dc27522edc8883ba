import type { HostArray } from "../../contract.ts";
import { activationCodes } from "../../contract/model/rows.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Multiply-adds that an exponential is worth, and a tail of the normal distribution. */
const exponentialWork = 12, tailWork = 60;

/** Lowering of {@linkcode Kernels.normalizeRows}: rows split. */
export const normalizeRows: Lowering<"normalizeRows"> = ({ x, y, weight, bias, epsilon, centered }) => [{
  entry: "normalizeRows_f32",
  parameters: [
    x.columns,
    addressOf(x),
    strideOf(x),
    addressOf(y),
    strideOf(y),
    addressOf(weight),
    bias ? addressOf(bias) : 0,
    epsilon,
    centered ? 1 : 0,
  ],
  extent: x.rows,
  grain: grainFor(3 * x.columns),
}];

/** Lowering of {@linkcode Kernels.addBias}: rows split. */
export const addBias: Lowering<"addBias"> = ({ x, bias }) => [{
  entry: "addBias_f32",
  parameters: [x.columns, addressOf(x), strideOf(x), addressOf(bias)],
  extent: x.rows,
  grain: grainFor(x.columns),
}];

/** Lowering of {@linkcode Kernels.activate}: rows split. */
export const activate: Lowering<"activate"> = ({ activation, x, factor }) => [{
  entry: "activate_f32",
  parameters: [
    activationCodes[activation],
    x.columns,
    addressOf(x),
    strideOf(x),
    factor ? addressOf(factor) : 0,
    factor ? strideOf(factor) : 0,
  ],
  extent: x.rows,
  grain: grainFor((activation === "gelu" ? tailWork : exponentialWork) * x.columns),
}];

/** Lowering of {@linkcode Kernels.tokenLosses}: rows split. */
export const tokenLosses: Lowering<"tokenLosses"> = ({ logits, targets, losses }) => [{
  entry: "tokenLosses_f32",
  parameters: [
    logits.columns,
    addressOf(logits),
    strideOf(logits),
    (targets as HostArray).address,
    addressOf(losses),
  ],
  extent: logits.rows,
  grain: grainFor(exponentialWork * logits.columns),
}];
