/** Quantisation by coordinate descent, as launches of the WASM module. @module */

export { quantizationSweep } from "./sweep.ts";
export { quantizationDescent } from "./descent.ts";
export { quantizationChoice, quantizationCodes, quantizationErrors, quantizationObjectives } from "./rows.ts";
