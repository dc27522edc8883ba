/** Projections and proximal operators, plain TypeScript. @module */

export * from "./simplex.ts";
export * from "./selection.ts";
