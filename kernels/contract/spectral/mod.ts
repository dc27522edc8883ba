/** Eigenvalues, singular values, and products with sparse matrices. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type JacobiKernels, jacobiSpecifications } from "./jacobi.ts";
import { type SparseKernels, sparseSpecifications } from "./sparse.ts";
import { type TridiagonalKernels, tridiagonalSpecifications } from "./tridiagonal.ts";

export type * from "./jacobi.ts";
export type * from "./sparse.ts";
export type * from "./tridiagonal.ts";

/** The kernels of the family. */
export interface SpectralKernels extends JacobiKernels, TridiagonalKernels, SparseKernels {}

/** Their specifications. */
export const spectralSpecifications: FamilySpecifications<SpectralKernels> = {
  ...jacobiSpecifications,
  ...tridiagonalSpecifications,
  ...sparseSpecifications,
};
