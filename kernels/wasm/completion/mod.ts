/** Completion of matrices, as launches of the WASM module. @module */

export * from "./bins.ts";
export * from "./factors.ts";
