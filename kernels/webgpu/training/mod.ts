/** Training, as dispatches on a WebGPU device. @module */

export * from "./network.ts";
export * from "./perturbation.ts";
export * from "./update.ts";
