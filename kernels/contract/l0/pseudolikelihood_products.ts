/** Coordinate descent for sparse precision matrices where the product `T S` is kept. @module */

import type { DescentArguments } from "./penalty.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/**
 * `min sum_i (-log t_ii + ||r_i||^2 / t_ii) + sum g(t_ij)` over the active edges and the diagonal of a symmetric `T`,
 * with `||r_i||^2 = T_i S T_i^T`.
 */
export interface ProductDescentArguments extends DescentArguments {
  /** `S` [vertices, vertices], f64, symmetric, with a positive diagonal. */
  readonly gram: MatrixOperand;
  /** Ends of the active edges: two vertices each. */
  readonly ends: DeviceArray<"u32">;
  /** Entries `t_ij` of the active edges, updated in place; its length is the number of active edges. */
  readonly values: VectorOperand;
  /** Diagonal of `T`, positive, updated in place. */
  readonly diagonal: VectorOperand;
  /**
   * Whether `products` and `norms` are those that a descent to these values has left: they are not computed afresh at first.
   *
   * @default false
   */
  readonly resumes?: boolean;
  /** Receives `T S` [vertices, vertices]. */
  readonly products: MatrixOperand;
  /** Receives `||r_i||^2`. */
  readonly norms: VectorOperand;
  /** Receives `y_i . r_i`, the diagonal of `T S`. */
  readonly diagonalProducts: VectorOperand;
}

/** Descents with the product kept; sequential, and return the number of sweeps made. */
export interface PseudolikelihoodProductKernels {
  /** Cyclic coordinate descent for the l0-penalised pseudolikelihood: all active edges, then all diagonals. */
  productDescent(operands: ProductDescentArguments): Completion<number>;
}

/** Their specifications. */
export const pseudolikelihoodProductSpecifications: FamilySpecifications<PseudolikelihoodProductKernels> = {
  productDescent: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
