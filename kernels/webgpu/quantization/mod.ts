/** Quantisation by coordinate descent, as dispatches on a WebGPU device. @module */

export * from "./sweep.ts";
export * from "./descent.ts";
export * from "./levels.ts";
export * from "./rows.ts";
export * from "./outliers.ts";
