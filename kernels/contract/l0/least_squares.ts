/** Coordinate descent for least squares. @module */

import type { DescentArguments } from "./penalty.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** `min b^T G b / 2 - c^T b + sum g(b_j)` over the active features; the others are zero. */
export interface LeastSquaresDescentArguments extends DescentArguments {
  /** Rows of the Gram matrix [rows, features], f64: those of the active features at least. */
  readonly gram: MatrixOperand;
  /** The active features, each once. */
  readonly features: DeviceArray<"u32">;
  /** Row of `gram` that belongs to each active feature. */
  readonly rows: DeviceArray<"u32">;
  /** Coefficients of the active features, updated in place; its length is the number of active features. */
  readonly coefficients: VectorOperand;
  /** `c`, one element a feature. */
  readonly linear: VectorOperand;
  /** Receives `c - G b` for every feature. */
  readonly correlations: VectorOperand;
}

/** Descents for least squares; sequential, and return the number of sweeps made. */
export interface LeastSquaresKernels {
  /** Cyclic coordinate descent for least squares from the Gram matrix. */
  leastSquaresDescent(operands: LeastSquaresDescentArguments): Completion<number>;
}

/** Their specifications. */
export const leastSquaresSpecifications: FamilySpecifications<LeastSquaresKernels> = {
  leastSquaresDescent: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
