/**
 * Minima finds structured minima (sparse, discrete, low-rank, flat) in every JavaScript runtime.
 *
 * @module
 */

export * from "./formats/mod.ts";
export * from "./models/mod.ts";
export * from "./solvers/completion/mod.ts";
export * from "./solvers/core/mod.ts";
export * from "./solvers/factorization/mod.ts";
export * from "./solvers/graph/mod.ts";
export type { L0Options } from "./solvers/l0/options.ts";
export * from "./solvers/multitask/mod.ts";
export * from "./solvers/quantization/mod.ts";
export * from "./solvers/regression/mod.ts";
export * from "./solvers/sharpness/mod.ts";
