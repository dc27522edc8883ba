/** Quantisation by coordinate descent, as launches of the WASM module. @module */

export * from "./sweep.ts";
export * from "./descent.ts";
export * from "./levels.ts";
export * from "./scales.ts";
export * from "./rows.ts";
export * from "./outliers.ts";
