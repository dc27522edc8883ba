/** Products of two tall matrices by blocks of their rows. @module */

import type { Completion, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * Row `p` of `parts` becomes `A_p^T B_p`, row-major, for rows `p lines` to `(p + 1) lines` of `a` [n, m] and `b` [n, k]:
 * zeros beyond row `n`. The sum of the rows is `A^T B`, where few elements leave nothing else to split.
 */
export interface PartialProductsArguments {
  readonly a: MatrixOperand;
  /** Left out for `A_p^T A_p`, which is bit-symmetric. */
  readonly b?: MatrixOperand;
  /** [parts, m k]. */
  readonly parts: MatrixOperand;
  /** Rows of a block. */
  readonly lines: number;
}

/** The products of blocks of rows. */
export interface PartialProductsKernels {
  /** `A_p^T B_p` for every block of rows. */
  partialProducts(operands: PartialProductsArguments): Completion;
}

/** Their specifications. */
export const partialProductsSpecifications: FamilySpecifications<PartialProductsKernels> = {
  partialProducts: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
