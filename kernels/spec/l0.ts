/**
 * Kernels of coordinate descent under an l0-l2 penalty, for regression and for sparse precision matrices.
 *
 * Every coordinate minimises `A x^2 / 2 - C x + g(x)` over `|x| <= bound`, where `g` is of one of three kinds:
 *
 *     relaxed   g = psi, the perspective (reverse Huber) relaxation: threshold |x| up to ratio, lambda0 + lambda2 x^2 beyond
 *     kept      g = lambda0 + lambda2 x^2, the coordinate is in the support whatever its value
 *     counted   g = lambda0 [x != 0] + lambda2 x^2, the penalty itself: zero unless the gain exceeds lambda0
 *
 * @module
 */

import type { FamilySpecs } from "./contract.ts";
import { type L0GraphKernels, l0GraphSpecs } from "./l0_graph.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "./operands.ts";

/** The penalty `lambda0 [x != 0] + lambda2 x^2` over `|x| <= bound` and the two numbers of its relaxation. */
export interface L0Penalty {
  readonly lambda0: number;
  readonly lambda2: number;
  /** May be infinite. */
  readonly bound: number;
  /** Slope of the relaxation at zero. */
  readonly threshold: number;
  /** Where the relaxation meets the penalty; beyond `bound`, it does not, and the slope is the same throughout. */
  readonly ratio: number;
}

/** How a coordinate is penalised, as the kernels encode it. */
export const penaltyKinds = { relaxed: 0, kept: 1, counted: 2 } as const;

/** What both descents take. */
export interface DescentArguments {
  /** Kind of each active coordinate, a value of {@linkcode penaltyKinds}. */
  readonly kinds: DeviceArray<"u8">;
  readonly penalty: L0Penalty;
  /** Most sweeps over the active coordinates, >= 0. */
  readonly sweeps: number;
  /** Stop after a sweep whose steps `d` have `sum (A + 2 lambda2) d^2` at most this. */
  readonly tolerance: number;
}

/** `min b^T G b / 2 - c^T b + sum g(b_j)` over the active features; the others are zero. */
export interface RegressionDescentArguments extends DescentArguments {
  /** Rows of the Gram matrix [rows, features], f64: those of the active features at least. */
  readonly gram: MatrixOperand;
  /** The active features, each once. */
  readonly features: DeviceArray<"u32">;
  /** Row of `gram` that belongs to each active feature. */
  readonly rows: DeviceArray<"u32">;
  /** Coefficients of the active features, updated in place; its length is the number of active features. */
  readonly coefficients: VectorOperand;
  /** `c`, one element a feature. */
  readonly linear: VectorOperand;
  /** Receives `c - G b` for every feature. */
  readonly correlations: VectorOperand;
}

/**
 * `min sum_i (-log t_ii + ||r_i||^2 / t_ii) + sum g(t_ij)` over the active edges and the diagonal of a symmetric `T`,
 * with `||r_i||^2 = T_i S T_i^T`.
 */
export interface GraphDescentArguments extends DescentArguments {
  /** `S` [vertices, vertices], f64, symmetric, with a positive diagonal. */
  readonly gram: MatrixOperand;
  /** Ends of the active edges: two vertices each. */
  readonly ends: DeviceArray<"u32">;
  /** Entries `t_ij` of the active edges, updated in place; its length is the number of active edges. */
  readonly values: VectorOperand;
  /** Diagonal of `T`, positive, updated in place. */
  readonly diagonal: VectorOperand;
  /** Receives `T S` [vertices, vertices]. */
  readonly products: MatrixOperand;
  /** Receives `||r_i||^2`. */
  readonly norms: VectorOperand;
  /** Receives `y_i . r_i`, the diagonal of `T S`. */
  readonly own: VectorOperand;
}

/** The l0 family. The two descents here are sequential; each returns the number of sweeps made. */
export interface L0Kernels extends L0GraphKernels {
  /** Cyclic coordinate descent for least squares from the Gram matrix. */
  regressionDescent(operands: RegressionDescentArguments): Completion<number>;
  /** Cyclic coordinate descent for the l0-penalised pseudolikelihood: all active edges, then all diagonals. */
  graphDescent(operands: GraphDescentArguments): Completion<number>;
}

/** Specifications of the l0 family. */
export const l0Specs: FamilySpecs<L0Kernels> = {
  regressionDescent: {
    summary: "coordinate descent on b^T G b / 2 - c^T b + sum g(b_j)",
    dtypes: ["f64"],
    tolerance: "solve",
    flops: ({ coefficients, sweeps, linear }) =>
      2 * coefficients.length * (sweeps * coefficients.length + linear.length),
    traffic: ({ coefficients, linear }) => coefficients.length * (coefficients.length + linear.length),
  },
  graphDescent: {
    summary: "coordinate descent on the l0-penalised pseudolikelihood",
    dtypes: ["f64"],
    tolerance: "solve",
    flops: ({ values, sweeps, diagonal }) => 4 * values.length * diagonal.length * (sweeps + 1),
    traffic: ({ diagonal }) => 2 * diagonal.length ** 2,
  },
  ...l0GraphSpecs,
};
