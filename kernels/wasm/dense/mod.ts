/** Dense linear algebra, as launches of the WASM module. @module */

export * from "./vector.ts";
export * from "./gemm.ts";
export * from "./syrk.ts";
export * from "./gemv.ts";
export * from "./cholesky.ts";
export * from "./partial_products.ts";
export * from "./quadratic_form.ts";
