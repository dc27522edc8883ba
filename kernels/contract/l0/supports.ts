/** Least squares on a support that changes, and on all features backward. @module */

import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * What a feature that enters or leaves a support does to what the support says of all features. With
 * `q = row + sum_k shares_k P_k`:
 *
 *     P_k += factors_k q,   d_j += square q_j^2, or 0 where no more than `least whole_j` is left,   u_j += single q_j
 */
export interface SupportUpdateArguments {
  /** `P` [support, features], updated in place. */
  readonly products: MatrixOperand;
  /** One element a feature. */
  readonly row: VectorOperand;
  /** One element a row of `P`, or none at all: then `q = row`. */
  readonly shares: VectorOperand;
  /** One element a row of `P`. */
  readonly factors: VectorOperand;
  /** `d`, updated in place. */
  readonly curvatures: VectorOperand;
  /** `u`, updated in place. */
  readonly correlations: VectorOperand;
  readonly whole: VectorOperand;
  readonly square: number;
  readonly single: number;
  readonly least: number;
}

/** Backward elimination from the least-squares solution on all features. */
export interface BackwardEliminationArguments {
  /** The Gram matrix, symmetric positive definite, of which the lower triangle is read; used up. */
  readonly gram: MatrixOperand;
  /** `X^T y`. */
  readonly linear: VectorOperand;
  /** 1 for features that stay. */
  readonly stays: DeviceArray<"u8">;
  /** Receives the features that leave, the first one first: each time the one that costs least, the first of equal ones. */
  readonly order: DeviceArray<"u32">;
  /** Receives what the loss gains as each of them leaves, the others fitted again: `b_i^2 / (2 (G^-1)_ii)`. */
  readonly costs: VectorOperand;
}

/** What follows changes of a support. */
export interface SupportKernels {
  /** What a feature that enters or leaves changes; columns split. */
  supportUpdate(operands: SupportUpdateArguments): Completion;
  /** The order in which features leave; returns their number, or -1 where a pivot is not positive. */
  backwardElimination(operands: BackwardEliminationArguments): Completion<number>;
}

/** Their specifications. */
export const supportSpecifications: FamilySpecifications<SupportKernels> = {
  supportUpdate: {
    dtypes: ["f64"],
    tolerance: "sum",
  },
  backwardElimination: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
