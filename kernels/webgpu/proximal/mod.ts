/** Projections and proximal operators, as dispatches on a WebGPU device. @module */

export { projectSimplex } from "./simplex.ts";
export { hardThreshold, topK } from "./selection.ts";
