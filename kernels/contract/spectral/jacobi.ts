/** Rotations that make a symmetric matrix diagonal, or the rows of a matrix orthogonal. @module */

import type { Completion, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * One sweep of Jacobi rotations over a symmetric `a`, both triangles: for each pair `p < q`, row by row, the rotation that
 * makes `a_pq` zero. Rows `p` and `q` of `vectors` are rotated along: `V^T A V` stays as it was.
 */
export interface JacobiSweepArguments {
  readonly a: MatrixOperand;
  /** As many rows as `a`. */
  readonly vectors: MatrixOperand;
  /** Pairs with `|a_pq|` up to this are left alone. */
  readonly threshold: number;
}

/**
 * One sweep of one-sided rotations (Hestenes 1958): each pair of rows of `a` is made orthogonal once, in the order of a
 * tournament, and the rows of `along` are rotated with them. What is left once no pair rotates: the rows of `a` are
 * singular values times right singular vectors.
 */
export interface OrthogonalizeRowsArguments {
  readonly a: MatrixOperand;
  /** As many rows as `a`. */
  readonly along: MatrixOperand;
  /** Pairs whose cosine is up to this are left alone. */
  readonly tolerance: number;
}

/** The Jacobi kernels; both return the number of rotations. */
export interface JacobiKernels {
  /** One sweep of two-sided rotations over a symmetric matrix. */
  jacobiSweep(operands: JacobiSweepArguments): Completion<number>;
  /** One sweep of one-sided rotations over the rows of a matrix. */
  orthogonalizeRows(operands: OrthogonalizeRowsArguments): Completion<number>;
}

/** Their specifications. */
export const jacobiSpecifications: FamilySpecifications<JacobiKernels> = {
  jacobiSweep: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
  orthogonalizeRows: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
};
