/** Projections and proximal operators, as dispatches on a WebGPU device. @module */

export * from "./simplex.ts";
export * from "./selection.ts";
