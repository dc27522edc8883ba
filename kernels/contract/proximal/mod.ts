/** Projections and proximal operators. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type SimplexKernels, simplexSpecifications } from "./simplex.ts";
import { type SelectionKernels, selectionSpecifications } from "./selection.ts";

export type * from "./simplex.ts";
export type * from "./selection.ts";

/** The kernels of the family. */
export interface ProximalKernels extends SimplexKernels, SelectionKernels {}

/** Their specifications. */
export const proximalSpecifications: FamilySpecifications<ProximalKernels> = {
  ...simplexSpecifications,
  ...selectionSpecifications,
};
