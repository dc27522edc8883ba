/** Kernels that select the largest entries. @module */

import type { FamilySpecifications } from "../specification.ts";
import type { Completion, DeviceArray, VectorOperand } from "../operands.ts";

/** Exactly `keep` entries survive; of equal magnitudes, those of lower index. */
export interface HardThresholdArguments {
  readonly values: VectorOperand;
  /** 0 to `values.length`. */
  readonly keep: number;
}

/**
 * `indices` receives the `indices.length` indices of the entries of largest magnitude, ascending; ties by lower index.
 */
export interface TopKArguments {
  readonly values: VectorOperand;
  readonly indices: DeviceArray<"u32">;
}

/** The selection family. NaN counts as the smallest magnitude. */
export interface SelectionKernels {
  /**
   * The hard-thresholding operator: zeroes all but the `keep` entries of largest magnitude (Blumensath & Davies 2009).
   */
  hardThreshold(operands: HardThresholdArguments): Completion;
  /** The indices of the largest magnitudes. */
  topK(operands: TopKArguments): Completion;
}

/** Specifications of the selection family. */
export const selectionSpecifications: FamilySpecifications<SelectionKernels> = {
  hardThreshold: {
    dtypes: ["f32", "f64"],
    tolerance: "exact",
  },
  topK: {
    dtypes: ["f32", "f64"],
    tolerance: "exact",
  },
};
