/** Coordinate descent and branch and bound under an l0-l2 penalty, plain TypeScript. @module */

export { leastSquaresDescent } from "./least_squares.ts";
export { productDescent } from "./pseudolikelihood_products.ts";
export { neighbourDescent } from "./pseudolikelihood_neighbours.ts";
export { residualDescent } from "./pseudolikelihood_residuals.ts";
export { entriesAbove, graphGradient, pairedGradient } from "./gradient.ts";
export { scaledConjugates } from "./conjugates.ts";
export { graphSwaps } from "./swaps.ts";
export { graphNodes, regressionNodes } from "./nodes.ts";
