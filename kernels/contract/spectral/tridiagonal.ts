/** Eigenvalues by way of a tridiagonal matrix. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * Householder's reduction of a symmetric `a`, both triangles, to the tridiagonal `T = Q^T A Q`: columns `begin` to `end`,
 * so that a large one is cut into short calls. What is right of the diagonal in row `j` becomes the vector `v_j` of
 * `H_j = I - factor_j v_j v_j^T`, and `Q = H_0 H_1 ...`; what else is left in these rows and columns is undefined.
 */
export interface TridiagonalizeArguments {
  readonly a: MatrixOperand;
  /** f64, one element a row. */
  readonly diagonal: VectorOperand;
  /** f64: element `j` stands between rows `j` and `j + 1`; the last is 0. */
  readonly offDiagonal: VectorOperand;
  /** f64, one element a row. */
  readonly factors: VectorOperand;
  readonly begin: number;
  readonly end: number;
}

/** Rows `begin` to `end` of `vectors` become those of `Q^T` of a whole {@linkcode TridiagonalizeArguments | reduction}. */
export interface TridiagonalBasisArguments {
  readonly a: MatrixOperand;
  readonly factors: VectorOperand;
  readonly vectors: MatrixOperand;
  readonly begin: number;
  readonly end: number;
}

/**
 * Implicit QL sweeps over a tridiagonal matrix until its diagonal holds the eigenvalues or the room for rotations is full.
 * Rotation `k` turns rows `i = places[k]` and `i + 1` of the transposed eigenvectors:
 * `(x_i, x_(i+1))` becomes `(c x_i - s x_(i+1), s x_i + c x_(i+1))` with `c, s = rotations[2k], rotations[2k + 1]`.
 */
export interface TridiagonalQlArguments {
  /** f64. */
  readonly diagonal: VectorOperand;
  /** f64; becomes zero. */
  readonly offDiagonal: VectorOperand;
  /** The eigenvalue in work and its sweeps so far; zeros at the beginning. */
  readonly state: DeviceArray<"i32">;
  /** Room for `n - 1` rotations at least. */
  readonly places: DeviceArray<"i32">;
  /** Two numbers for each of `places`. */
  readonly rotations: DeviceArray<"f64">;
}

/** The first `count` rotations of {@linkcode TridiagonalQlArguments}, applied to the rows of `vectors` in order. */
export interface RotateRowsArguments {
  readonly vectors: MatrixOperand;
  readonly places: DeviceArray<"i32">;
  readonly rotations: DeviceArray<"f64">;
  readonly count: number;
}

/** The kernels of the reduction. */
export interface TridiagonalKernels {
  /** Reduces columns of a symmetric matrix to tridiagonal form. */
  tridiagonalize(operands: TridiagonalizeArguments): Completion;
  /** The orthogonal matrix of the reduction, transposed. */
  tridiagonalBasis(operands: TridiagonalBasisArguments): Completion;
  /** The number of rotations made; 0 once all eigenvalues are found, -1 where one takes too many sweeps. */
  tridiagonalQl(operands: TridiagonalQlArguments): Completion<number>;
  /** Applies rotations to pairs of neighbouring rows. */
  rotateRows(operands: RotateRowsArguments): Completion;
}

/** Their specifications. */
export const tridiagonalSpecifications: FamilySpecifications<TridiagonalKernels> = {
  tridiagonalize: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
  tridiagonalBasis: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
  tridiagonalQl: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
  rotateRows: {
    dtypes: ["f32", "f64"],
    tolerance: "solve",
  },
};
