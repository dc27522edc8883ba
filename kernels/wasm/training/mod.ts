/** Training, as launches of the WASM module. @module */

export * from "./network.ts";
export * from "./perturbation.ts";
export * from "./update.ts";
