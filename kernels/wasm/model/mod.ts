/** How the kernels of the forward pass become launches. @module */

export * from "./attention.ts";
export * from "./rows.ts";
