/** The gradient of the pseudolikelihood along all edges, and searches over it. @module */

import type { GraphOperands } from "./pseudolikelihood_neighbours.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** `u_ij = 2 y_j . r_i / t_ii + 2 y_i . r_j / t_jj` for some rows `i`. */
export interface GraphGradientArguments extends GraphOperands {
  /** First row. */
  readonly first: number;
  /** First column to compute; those to its left are undefined. @default 0 */
  readonly from?: number;
  /** Receives the rows [rows, vertices], f64. */
  readonly gradient: MatrixOperand;
}

/** `u_ij` for some rows `i` from given products: `p_ij = y_j . r_i` and `q_ij = y_i . r_j`. */
export interface PairedGradientArguments {
  /** First row. */
  readonly first: number;
  /** `p` of those rows [rows, columns]. */
  readonly products: MatrixOperand;
  /** `q` of those rows, or its transpose [columns, rows]. */
  readonly mirrored: MatrixOperand;
  /** Whether `mirrored` is the transpose. */
  readonly transposed: boolean;
  /** Vertex of the first column. @default 0 */
  readonly from?: number;
  readonly diagonal: VectorOperand;
  /** Receives the derivatives [rows, columns]. */
  readonly gradient: MatrixOperand;
}

/** Finds the derivatives right of the diagonal whose magnitude is above a limit. */
export interface EntriesAboveArguments {
  /** Vertex of the first row. */
  readonly first: number;
  /** [rows, vertices]; those above the limit move to the front of their row, in order. */
  readonly gradient: MatrixOperand;
  /** One limit a row; a negative one takes all. */
  readonly limits: VectorOperand;
  /** Receives the columns of the entries above the limit, at the front of each row of [rows, vertices]. */
  readonly columns: DeviceArray<"u32">;
  /** Receives the number of such entries of each row. */
  readonly counts: DeviceArray<"u32">;
}

/** Gradients of the data term of a graph. Rows split. */
export interface GradientKernels {
  /** Derivatives of the data term along every edge of some vertices; rows split. */
  graphGradient(operands: GraphGradientArguments): Completion;
  /** Derivatives of the data term from products; rows split. */
  pairedGradient(operands: PairedGradientArguments): Completion;
  /** Compacts the derivatives above a limit; rows split. */
  entriesAbove(operands: EntriesAboveArguments): Completion;
}

/** Their specifications. */
export const gradientSpecifications: FamilySpecifications<GradientKernels> = {
  graphGradient: {
    dtypes: ["f64"],
    tolerance: "sum",
  },
  pairedGradient: {
    dtypes: ["f64"],
    tolerance: "elementwise",
  },
  entriesAbove: {
    dtypes: ["f64"],
    tolerance: "exact",
  },
};
