/** Completion of matrices, in plain TypeScript. @module */

export * from "./bins.ts";
export * from "./factors.ts";
