/** Projections and proximal operators, as launches of the WASM module. @module */

export { projectSimplex } from "./simplex.ts";
export { hardThreshold, topK } from "./selection.ts";
