/** Quantisation by coordinate descent, as dispatches on a WebGPU device. @module */

export { quantizationSweep } from "./sweep.ts";
export { quantizationDescent } from "./descent.ts";
export { quantizationChoice, quantizationCodes, quantizationErrors, quantizationObjectives } from "./rows.ts";
