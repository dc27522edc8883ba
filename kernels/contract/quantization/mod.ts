/** Quantisation by coordinate descent. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type QuantizationSweepKernels, quantizationSweepSpecifications } from "./sweep.ts";
import { type QuantizationDescentKernels, quantizationDescentSpecifications } from "./descent.ts";
import { type QuantizationLevelKernels, quantizationLevelSpecifications } from "./levels.ts";
import { type QuantizationScaleKernels, quantizationScaleSpecifications } from "./scales.ts";
import { type OutlierKernels, outlierSpecifications } from "./outliers.ts";
import { type QuantizationRowKernels, quantizationRowSpecifications } from "./rows.ts";

export type * from "./state.ts";
export type * from "./sweep.ts";
export type * from "./descent.ts";
export type * from "./levels.ts";
export type * from "./scales.ts";
export type * from "./outliers.ts";
export type * from "./rows.ts";

/** The kernels of the family. */
export interface QuantizationKernels
  extends
    QuantizationSweepKernels,
    QuantizationDescentKernels,
    QuantizationLevelKernels,
    QuantizationScaleKernels,
    QuantizationRowKernels,
    OutlierKernels {}

/** Their specifications. */
export const quantizationSpecifications: FamilySpecifications<QuantizationKernels> = {
  ...quantizationSweepSpecifications,
  ...quantizationDescentSpecifications,
  ...quantizationLevelSpecifications,
  ...quantizationScaleSpecifications,
  ...quantizationRowSpecifications,
  ...outlierSpecifications,
};
