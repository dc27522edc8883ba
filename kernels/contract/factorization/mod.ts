/** Factorisation by alternating blocks. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type NonnegativeKernels, nonnegativeSpecifications } from "./nonnegative.ts";
import { type PassKernels, passSpecifications } from "./pass.ts";
import { type RowProductKernels, rowProductSpecifications } from "./rows.ts";
import { type SimplexBlockKernels, simplexBlockSpecifications } from "./simplex.ts";
import { type WeightedKernels, weightedSpecifications } from "./weighted.ts";

export type * from "./nonnegative.ts";
export type * from "./pass.ts";
export type * from "./rows.ts";
export type * from "./simplex.ts";
export type * from "./weighted.ts";

/** The kernels of the family. */
export interface FactorizationKernels
  extends NonnegativeKernels, PassKernels, SimplexBlockKernels, RowProductKernels, WeightedKernels {}

/** Their specifications. */
export const factorizationSpecifications: FamilySpecifications<FactorizationKernels> = {
  ...nonnegativeSpecifications,
  ...passSpecifications,
  ...simplexBlockSpecifications,
  ...rowProductSpecifications,
  ...weightedSpecifications,
};
