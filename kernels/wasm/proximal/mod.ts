/** Projections and proximal operators, as launches of the WASM module. @module */

export * from "./simplex.ts";
export * from "./selection.ts";
