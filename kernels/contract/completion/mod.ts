/** Matrices known at some entries, or by the bins that entries fall into. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type BinKernels, binSpecifications } from "./bins.ts";
import { type FactorKernels, factorSpecifications } from "./factors.ts";

export type * from "./bins.ts";
export type * from "./factors.ts";

/** The kernels of the family. */
export interface CompletionKernels extends BinKernels, FactorKernels {}

/** Their specifications. */
export const completionSpecifications: FamilySpecifications<CompletionKernels> = {
  ...binSpecifications,
  ...factorSpecifications,
};
