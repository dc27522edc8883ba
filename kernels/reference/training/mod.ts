/** Training, plain TypeScript. @module */

export * from "./network.ts";
export * from "./perturbation.ts";
export * from "./update.ts";
