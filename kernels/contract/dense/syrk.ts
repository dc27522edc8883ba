/** Gram matrices. @module */

import type { Completion, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** `C = alpha A^T A + beta C`, both triangles, bit-symmetric; `a` may be f32 where `c` is f64. */
export interface SyrkArguments {
  readonly a: MatrixOperand;
  readonly c: MatrixOperand;
  /** @default 1 */
  readonly alpha?: number;
  /** @default 0 */
  readonly beta?: number;
}

/** The symmetric rank-k update. */
export interface SyrkKernels {
  /** `C = alpha A^T A + beta C`. */
  syrk(operands: SyrkArguments): Completion;
}

/** Their specifications. */
export const syrkSpecifications: FamilySpecifications<SyrkKernels> = {
  syrk: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
