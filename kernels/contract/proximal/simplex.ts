/** Kernels that project onto simple convex sets, row by row. @module */

import type { FamilySpecifications } from "../specification.ts";
import type { Completion, MatrixOperand } from "../operands.ts";

/** Rows are finite, and replaced by their projections. */
export interface ProjectSimplexArguments {
  readonly x: MatrixOperand;
  /** What each projected row sums to; positive. @default 1 */
  readonly radius?: number;
}

/** The projection family. Rows are independent, and split. */
export interface SimplexKernels {
  /**
   * The nearest point of the simplex `{ y >= 0, sum_j y_j = radius }` to each row: `y_j = max(x_j - tau, 0)`. The
   * threshold `tau` is found exactly in finitely many steps, without sorting (Michelot 1986): it rises as entries below
   * it drop out.
   */
  projectSimplex(operands: ProjectSimplexArguments): Completion;
}

/** Specifications of the projection family. */
export const simplexSpecifications: FamilySpecifications<SimplexKernels> = {
  projectSimplex: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    // Some four rounds on rows of random numbers.
  },
};
