/** Projections and proximal operators, plain TypeScript. @module */

export { projectSimplex } from "./simplex.ts";
export { hardThreshold, topK } from "./selection.ts";
