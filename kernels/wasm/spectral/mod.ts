/** Eigenvalues, singular values and sparse products, as launches of the WASM module. @module */

export * from "./jacobi.ts";
export * from "./tridiagonal.ts";
export * from "./sparse.ts";
