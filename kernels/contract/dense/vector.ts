/** Kernels over vectors. @module */

import type { FamilySpecifications } from "../specification.ts";
import type { Completion, VectorOperand } from "../operands.ts";

/** Two vectors of one length. */
export interface DotArguments {
  readonly x: VectorOperand;
  readonly y: VectorOperand;
}

/** `y` is updated in place. */
export interface AxpyArguments extends DotArguments {
  readonly alpha: number;
}

/** The vector family. */
export interface VectorKernels {
  /** `x . y`. */
  dot(operands: DotArguments): Completion<number>;
  /** `y += alpha x`. */
  axpy(operands: AxpyArguments): Completion;
  /** `||x||_2`, without overflow or underflow of the squares. */
  nrm2(operands: { readonly x: VectorOperand }): Completion<number>;
}

/** Specifications of the vector family. */
export const vectorSpecifications: FamilySpecifications<VectorKernels> = {
  dot: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
  axpy: {
    dtypes: ["f32", "f64"],
    tolerance: "elementwise",
  },
  nrm2: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
