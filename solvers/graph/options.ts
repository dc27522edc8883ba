/** The options of sparse precision matrices: what they mean in the interfaces, what they take in the tables. @module */

import type { SparseMatrix } from "../core/matrix.ts";
import { choice, edges, flag, integer, number, type OptionTable, required, sparseMatrix } from "../core/options.ts";
import type { OpenSolveOptions } from "../core/solve_options.ts";
import { type L0Options, l0Options, largestPenalty } from "../l0/options.ts";

/** How the data term is evaluated. */
export type GraphEvaluation = "auto" | "products" | "neighbours" | "residuals";

/** How the points of a path are judged; the least is best. */
export type GraphCriterion = "ebic" | "pseudo-ebic";

/** Options that a single graph and a path share. */
export interface PrecisionOptions extends L0Options {
  /** Ridge penalty on the squared entries of each edge, >= 0; where it is 0, `bigM` must be finite. */
  readonly lambda2: number;
  /**
   * `approximate`: a local minimum of descents and of moves of single edges; `exact`: a certified solution; `auto`: up to 64
   * variables `exact` for as many nodes as take about as long as the search, with the gap that is left; beyond, `approximate`.
   *
   * @default "auto"
   */
  readonly method?: "auto" | "approximate" | "exact";
  /** Descents from random orders besides the greedy one, >= 0; the best is kept. @default 0 */
  readonly randomStarts?: number;
  /**
   * Rounds of a search on from a pool of good graphs, >= 0: without some edges of one, with those of another, or, up to 64
   * variables, from what is best at another price; the best is kept. @default 40 up to 64 variables, 18 up to 256, 0 beyond
   */
  readonly perturbations?: number;
  /** A symmetric matrix with a positive diagonal to start from; another is refused. @default the empty graph */
  readonly initial?: SparseMatrix;
  /** Edges that the graph has whatever they are worth, pairs of variables; each is paid for like any other. @default [] */
  readonly required?: readonly (readonly [number, number])[];
  /** Edges that the graph must not have, pairs of variables. @default [] */
  readonly forbidden?: readonly (readonly [number, number])[];
  /**
   * How the data term is evaluated: from stored products of the matrix with the Gram matrix; by sums over neighbours, which
   * needs half the memory; or from the residuals of the samples, without the Gram matrix. `auto` decides by size and
   * memory. @default "auto"
   */
  readonly evaluation?: GraphEvaluation;
  /** Subtract the mean of each column. @default true */
  readonly center?: boolean;
  /**
   * Scale each column to variance 1 (mean square 1 where columns are not centred). Penalties, `bigM`, `initial`, objective
   * and precision matrix are then those of the scaled columns. @default false
   */
  readonly standardize?: boolean;
  /** Sum of squared steps of a sweep, weighed by curvature, at which a descent has converged, 0 to 1. @default 1e-12 */
  readonly tolerance?: number;
}

/** Options of {@linkcode sparsePrecision}. */
export interface SparsePrecisionOptions extends PrecisionOptions {
  /** Price of each edge, >= 0. */
  readonly lambda0: number;
}

/** Options of {@linkcode sparsePrecisionPath}. */
export interface PrecisionPathOptions extends PrecisionOptions {
  /** Perturbations of the graph at every point, as for a single one. @default 0 along a path */
  readonly perturbations?: number;
  /** Most points, >= 1. @default 500 */
  readonly count?: number;
  /** The path ends before a graph of more edges, >= 0. @default 10 times the number of variables */
  readonly maxEdges?: number;
  /**
   * `ebic`: `n (tr S T - log det T) + E log n + 4 gamma E log p` (Foygel & Drton 2010), infinite where the matrix is not
   * positive definite; `pseudo-ebic` has the data term of the pseudolikelihood instead, and twice the price of an edge, which
   * stands in two of its terms (Gao & Song 2010). @default "ebic"
   */
  readonly criterion?: GraphCriterion;
  /**
   * What the criterion adds to the price of an edge for the number of graphs there are, 0 to 1: 0 is the Bayesian information
   * criterion, 1 chooses fewest edges. With no more samples than variables, 1/2 often chooses an edge or two of noise.
   *
   * @default 0.5
   */
  readonly gamma?: number;
}

/** Options of {@linkcode nearestPositiveDefinite}. */
export interface RepairOptions {
  /** Least eigenvalue that the answer has, up to a relative 1e-9 of the diagonal, > 0. @default 0.001 */
  readonly leastEigenvalue?: number;
}

const perturbations = {
  least: 0,
  most: 1e6,
  about:
    "Rounds of a search on from good graphs: without some edges, with those of another, or at another price first.",
} as const;

/** Options that a single graph and a path have alike. */
const sharedOptions: OptionTable<Omit<PrecisionOptions, "perturbations">, OpenSolveOptions | "initial"> = {
  lambda2: required(number({
    least: 0,
    most: largestPenalty,
    about: "Ridge penalty on the squared entries of each edge; where it is 0, `bigM` must be finite.",
  })),
  method: choice(["auto", "approximate", "exact"], {
    default: "auto",
    about:
      "`approximate`: a local minimum of descents and of moves of single edges; `exact`: a certified solution; `auto`: up to " +
      "64 variables `exact` for as many nodes as take about as long as the search.",
  }),
  randomStarts: integer({
    least: 0,
    most: 1e6,
    default: 0,
    about: "Descents from random orders besides the greedy one; the best is kept.",
  }),
  initial: sparseMatrix({
    otherwise: "the empty graph",
    about: "A symmetric matrix with a positive diagonal to start from.",
  }),
  required: edges({
    default: [],
    about: "Edges that the graph has whatever they are worth, pairs of variables; each is paid for like any other.",
  }),
  forbidden: edges({ default: [], about: "Edges that the graph must not have, pairs of variables." }),
  evaluation: choice(["auto", "products", "neighbours", "residuals"], {
    default: "auto",
    about:
      "The data term by stored products with the Gram matrix, by sums over neighbours in half the memory, or from " +
      "the samples alone.",
  }),
  center: flag({ default: true, about: "Subtract the mean of each column." }),
  standardize: flag({
    default: false,
    about: "Scale each column to variance 1; penalties, `bigM` and the answer are those of the scaled columns.",
  }),
  tolerance: number({
    least: 0,
    most: 1,
    default: 1e-12,
    about: "Sum of squared steps of a sweep, weighed by curvature, at which a descent has converged.",
  }),
  ...l0Options,
};

/** Table of the options of {@linkcode sparsePrecision}. */
export const sparsePrecisionOptions: OptionTable<
  SparsePrecisionOptions,
  OpenSolveOptions | "initial" | "perturbations"
> = {
  lambda0: required(number({ least: 0, most: largestPenalty, about: "Price of each edge." })),
  perturbations: integer({ ...perturbations, otherwise: "40 up to 64 variables, 18 up to 256, 0 beyond" }),
  ...sharedOptions,
};

/** Table of the options of {@linkcode sparsePrecisionPath}. */
export const sparsePrecisionPathOptions: OptionTable<
  PrecisionPathOptions,
  OpenSolveOptions | "initial" | "maxEdges"
> = {
  count: integer({ least: 1, most: 1e6, default: 500, about: "Most graphs of the path." }),
  maxEdges: integer({
    least: 0,
    most: 1e12,
    otherwise: "10 times the number of variables",
    about: "The path ends before a graph of more edges.",
  }),
  criterion: choice(["ebic", "pseudo-ebic"], {
    default: "ebic",
    about: "How graphs of the path are judged: by the likelihood or the pseudolikelihood, each with a price for edges.",
  }),
  gamma: number({
    least: 0,
    most: 1,
    default: 0.5,
    about:
      "What the criterion adds to the price of an edge for the number of graphs there are: 1 chooses fewest edges.",
  }),
  perturbations: integer({ ...perturbations, default: 0, otherwise: "0 along a path" }),
  ...sharedOptions,
};

/** Table of the options of {@linkcode nearestPositiveDefinite}. */
export const nearestPositiveDefiniteOptions: OptionTable<RepairOptions> = {
  leastEigenvalue: number({
    least: 0,
    above: true,
    most: largestPenalty,
    default: 1e-3,
    about: "Least eigenvalue that the answer has, up to a relative 1e-9 of the diagonal.",
  }),
};
