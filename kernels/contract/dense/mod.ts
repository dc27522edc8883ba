/** Dense linear algebra. @module */

import type { FamilySpecifications } from "../specification.ts";
import { type VectorKernels, vectorSpecifications } from "./vector.ts";
import { type GemmKernels, gemmSpecifications } from "./gemm.ts";
import { type SyrkKernels, syrkSpecifications } from "./syrk.ts";
import { type GemvKernels, gemvSpecifications } from "./gemv.ts";
import { type CholeskyKernels, choleskySpecifications } from "./cholesky.ts";
import { type PartialProductsKernels, partialProductsSpecifications } from "./partial_products.ts";
import { type QuadraticFormKernels, quadraticFormSpecifications } from "./quadratic_form.ts";

export type * from "./vector.ts";
export type * from "./gemm.ts";
export type * from "./syrk.ts";
export type * from "./gemv.ts";
export type * from "./cholesky.ts";
export type * from "./partial_products.ts";
export type * from "./quadratic_form.ts";

/** The kernels of the family. */
export interface DenseKernels
  extends
    VectorKernels,
    GemmKernels,
    SyrkKernels,
    GemvKernels,
    CholeskyKernels,
    PartialProductsKernels,
    QuadraticFormKernels {}

/** Their specifications. */
export const denseSpecifications: FamilySpecifications<DenseKernels> = {
  ...vectorSpecifications,
  ...gemmSpecifications,
  ...syrkSpecifications,
  ...gemvSpecifications,
  ...choleskySpecifications,
  ...partialProductsSpecifications,
  ...quadraticFormSpecifications,
};
