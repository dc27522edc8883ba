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
    summary: "x . y",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ x }) => 2 * x.length,
    traffic: ({ x }) => 2 * x.length,
  },
  axpy: {
    summary: "y += alpha x",
    dtypes: ["f32", "f64"],
    tolerance: "elementwise",
    flops: ({ x }) => 2 * x.length,
    traffic: ({ x }) => 3 * x.length,
  },
  nrm2: {
    summary: "||x||_2",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ x }) => 2 * x.length,
    traffic: ({ x }) => x.length,
  },
};
