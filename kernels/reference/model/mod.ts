/** The forward pass of transformers, plain TypeScript. @module */

export * from "./attention.ts";
export * from "./rows.ts";
