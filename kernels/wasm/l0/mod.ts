/** Coordinate descent and branch and bound under an l0-l2 penalty, as launches of the WASM module. @module */

export * from "./least_squares.ts";
export * from "./pseudolikelihood_products.ts";
export * from "./pseudolikelihood_neighbours.ts";
export * from "./pseudolikelihood_residuals.ts";
export * from "./gradient.ts";
export * from "./conjugates.ts";
export * from "./supports.ts";
export * from "./swaps.ts";
export * from "./nodes.ts";
export * from "./tasks.ts";
