/** Quantisation by coordinate descent, plain TypeScript. @module */

export { quantizationSweep } from "./sweep.ts";
export { quantizationDescent } from "./descent.ts";
export { quantizationChoice, quantizationCodes, quantizationErrors, quantizationObjectives } from "./rows.ts";
