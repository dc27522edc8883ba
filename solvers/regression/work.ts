import { foreseenNodes } from "../l0/foreseen_nodes.ts";
import type { RegressionMethod } from "./options.ts";

/** What the work of a regression depends on, as far as it is known before. */
export interface RegressionWork {
  readonly samples: number;
  readonly features: number;
  readonly method: RegressionMethod;
  readonly nodeLimit: number;
  /** Fits that share the Gram matrix: the points of a path. @default 1 */
  readonly points?: number;
  /** Paths that follow one another: the folds of a cross-validation, and the path on all data. @default 1 */
  readonly paths?: number;
}

/** Gram rows that a fit asks for: the features that may enter the support. */
const rowsOfFit = 64;

/** Operations that take the time of one feature in a descent, in a local search around it, and in a node. */
const descentCost = 2e3, swapCost = 2.5e4, nodeCost = 4.5e4;

/**
 * Operations that take the time of a solve, by rough count: Gram rows, `2 samples features` each; descents and searches,
 * and nodes of `branch-and-bound` in the benchmarks, in proportion to the features.
 */
export function regressionWork(
  { samples, features, method, nodeLimit, points = 1, paths = 1 }: RegressionWork,
): number {
  const gram = 2 * samples * features * Math.min(features, rowsOfFit);
  const search = method === "coordinate-descent" ? descentCost : swapCost;
  const nodes = method === "exact" ? foreseenNodes(features, nodeLimit) : 0;
  return paths * (gram + points * features * (search + nodeCost * nodes));
}
