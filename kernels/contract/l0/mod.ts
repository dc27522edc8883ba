/** Coordinate descent and branch and bound under an l0-l2 penalty. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type LeastSquaresKernels, leastSquaresSpecifications } from "./least_squares.ts";
import {
  type PseudolikelihoodProductKernels,
  pseudolikelihoodProductSpecifications,
} from "./pseudolikelihood_products.ts";
import {
  type PseudolikelihoodNeighbourKernels,
  pseudolikelihoodNeighbourSpecifications,
} from "./pseudolikelihood_neighbours.ts";
import {
  type PseudolikelihoodResidualKernels,
  pseudolikelihoodResidualSpecifications,
} from "./pseudolikelihood_residuals.ts";
import { type GradientKernels, gradientSpecifications } from "./gradient.ts";
import { type ConjugateKernels, conjugateSpecifications } from "./conjugates.ts";
import { type SwapKernels, swapSpecifications } from "./swaps.ts";
import { type NodeKernels, nodeSpecifications } from "./nodes.ts";
import { type SupportKernels, supportSpecifications } from "./supports.ts";
import { type TaskKernels, taskSpecifications } from "./tasks.ts";

export type * from "./penalty.ts";
export type * from "./least_squares.ts";
export type * from "./pseudolikelihood_products.ts";
export type * from "./pseudolikelihood_neighbours.ts";
export type * from "./pseudolikelihood_residuals.ts";
export type * from "./gradient.ts";
export type * from "./conjugates.ts";
export type * from "./supports.ts";
export type * from "./swaps.ts";
export type * from "./relaxation.ts";
export type * from "./nodes.ts";
export type * from "./tasks.ts";

/** The kernels of the family. */
export interface L0Kernels
  extends
    LeastSquaresKernels,
    PseudolikelihoodProductKernels,
    PseudolikelihoodNeighbourKernels,
    PseudolikelihoodResidualKernels,
    GradientKernels,
    ConjugateKernels,
    SwapKernels,
    SupportKernels,
    NodeKernels,
    TaskKernels {}

/** Their specifications. */
export const l0Specifications: FamilySpecifications<L0Kernels> = {
  ...leastSquaresSpecifications,
  ...pseudolikelihoodProductSpecifications,
  ...pseudolikelihoodNeighbourSpecifications,
  ...pseudolikelihoodResidualSpecifications,
  ...gradientSpecifications,
  ...conjugateSpecifications,
  ...swapSpecifications,
  ...supportSpecifications,
  ...nodeSpecifications,
  ...taskSpecifications,
};
