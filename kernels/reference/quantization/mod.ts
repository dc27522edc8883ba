/** Quantisation by coordinate descent, plain TypeScript. @module */

export * from "./sweep.ts";
export * from "./descent.ts";
export * from "./rows.ts";
