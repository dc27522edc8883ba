/** How exactly the relaxation of a node is solved. @module */

import type { NodePrecision } from "../../kernels/contract.ts";

/** What the relaxations of both systems keep; `finest` is a share of the problem's scale. */
export const nodePrecision: NodePrecision = {
  node: 1e-6,
  leaf: 1e-10,
  slack: 0.001,
  rounding: 1e-12,
  finest: 1e-28,
};

/** Share of the terms of a bound that rounding may move: it is subtracted from every bound. */
export const roundingMargin = nodePrecision.rounding;

/** The gap between the value of a relaxation and its bound that need not be closed. */
export function allowedGap(
  primal: number,
  upperBound: number,
  isSolution: boolean,
  slack = nodePrecision.slack,
): number {
  const { leaf, node } = nodePrecision;
  if (isSolution) return leaf * Math.abs(primal);
  return Math.max(node * Math.abs(primal), slack * (upperBound - primal));
}
