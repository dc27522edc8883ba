/** Candidates for outliers, and the norms that whole columns of them are chosen by. @module */

import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** A gradient step from outliers. */
export interface OutlierCandidatesArguments {
  /** Residual `G` [rows, columns], replaced by the candidates. */
  readonly residual: MatrixOperand;
  /** Outliers `H` [rows, columns], dense. */
  readonly outliers: MatrixOperand;
  /** Step lengths `f` [columns]; f64, and f32 on devices, which have no other. */
  readonly steps: VectorOperand;
}

/** A matrix whose columns are measured. */
export interface ColumnSquaresArguments {
  /** `V` [rows, columns]. */
  readonly values: MatrixOperand;
  /** Receives the sums [columns]; f64, and f32 on devices, which have no other. */
  readonly squares: VectorOperand;
}

/** Kernels of outliers. */
export interface OutlierKernels {
  /** `G <- H + G diag(f)`: products and then sums rounded to the precision of `G`. Rows split. */
  outlierCandidates(operands: OutlierCandidatesArguments): Completion;
  /** `sum_i V_ij^2` for each column, in the order of the rows, in f64 where the backend has it. Columns split. */
  columnSquares(operands: ColumnSquaresArguments): Completion;
}

/** Their specifications. */
export const outlierSpecifications: FamilySpecifications<OutlierKernels> = {
  outlierCandidates: {
    dtypes: ["f32", "f64"],
    tolerance: "elementwise",
  },
  columnSquares: {
    dtypes: ["f32", "f64"],
    tolerance: "sum",
  },
};
