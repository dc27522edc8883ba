/** Factorisation by alternating blocks, plain TypeScript. @module */

export * from "./nonnegative.ts";
export * from "./pass.ts";
export * from "./rows.ts";
export * from "./simplex.ts";
export * from "./weighted.ts";
