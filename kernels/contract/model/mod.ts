/** The forward pass of transformers, beside matrix products. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type AttentionKernels, attentionSpecifications } from "./attention.ts";
import { type RowKernels, rowSpecifications } from "./rows.ts";

export type * from "./attention.ts";
export type * from "./rows.ts";

/** The kernels of the family. */
export interface ModelKernels extends RowKernels, AttentionKernels {}

/** Their specifications. */
export const modelSpecifications: FamilySpecifications<ModelKernels> = {
  ...rowSpecifications,
  ...attentionSpecifications,
};
