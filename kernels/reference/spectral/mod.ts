/** Eigenvalues, singular values and sparse products, plain TypeScript. @module */

export * from "./jacobi.ts";
export * from "./tridiagonal.ts";
export * from "./sparse.ts";
