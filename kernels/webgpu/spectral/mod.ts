/** Entries of dense matrices, as dispatches on a WebGPU device. @module */

export * from "./sparse.ts";
