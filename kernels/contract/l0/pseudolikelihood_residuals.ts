/** Coordinate descent for sparse precision matrices from the samples, without their Gram matrix. @module */

import type { ClassDescentArguments } from "./pseudolikelihood_neighbours.ts";
import type { Completion, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** The same from `Y` itself, with the residuals `r_i = Y t_i` kept. */
export interface ResidualDescentArguments extends ClassDescentArguments {
  /** `Y^T` [vertices, samples], f64: one variable a row. */
  readonly samples: MatrixOperand;
  /** Receives `r_i` [vertices, samples]. */
  readonly residuals: MatrixOperand;
  /** `S_ii = ||y_i||^2`, positive. */
  readonly variances: VectorOperand;
}

/** Descents with residuals; they return the number of sweeps made. */
export interface PseudolikelihoodResidualKernels {
  /** The same with residuals, O(samples) a coordinate; classes split. */
  residualDescent(operands: ResidualDescentArguments): Completion<number>;
}

/** Their specifications. */
export const pseudolikelihoodResidualSpecifications: FamilySpecifications<PseudolikelihoodResidualKernels> = {
  residualDescent: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
