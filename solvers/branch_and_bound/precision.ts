/** How exactly the relaxation of a node is solved. @module */

/** Duality gap, as a share of the objective, at which a relaxation counts as solved. */
const nodePrecision = 1e-6;

/** The same where the relaxation is a solution: nothing will be branched on, so its bound is final. */
const leafPrecision = 1e-10;

/** Share of the terms of a bound that rounding may move: it is subtracted from every bound. */
export const roundingMargin = 1e-12;

/** The gap between the value of a relaxation and its bound that need not be closed. */
export function allowedGap(primal: number, upperBound: number, isSolution: boolean): number {
  if (isSolution) return leafPrecision * Math.abs(primal);
  // A node far below the incumbent is branched on anyway: its bound need not be sharp.
  return Math.max(nodePrecision * Math.abs(primal), 0.001 * (upperBound - primal));
}
