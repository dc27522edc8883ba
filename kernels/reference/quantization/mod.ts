/** Quantisation by coordinate descent, plain TypeScript. @module */

export * from "./sweep.ts";
export * from "./descent.ts";
export * from "./levels.ts";
export * from "./scales.ts";
export * from "./rows.ts";
export * from "./outliers.ts";
