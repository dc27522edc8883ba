/**
 * Kernels for sparse precision matrices of many variables, where the product `T S` is not kept.
 *
 * An entry `t_ij` occurs only in the terms of `i` and `j`, so edges that share no vertex are independent coordinates.
 * Descents take the edges in classes of such edges, one class after another: the steps of a class are the same in any
 * order, and split over threads.
 *
 * @module
 */

import type { FamilySpecs } from "./contract.ts";
import type { DescentArguments, L0Penalty } from "./l0.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "./operands.ts";

/** Edges of a symmetric matrix as each vertex lists them. */
export interface AdjacencyOperands {
  /** Place of each vertex's first entry in `neighbours` and `incident`, and the number of entries: vertices + 1. */
  readonly starts: DeviceArray<"u32">;
  /** Other ends of the edges at each vertex, two entries an edge. */
  readonly neighbours: DeviceArray<"u32">;
  /** Numbers of those edges. */
  readonly incident: DeviceArray<"u32">;
  /** Entries `t_ij` of the edges. */
  readonly values: VectorOperand;
  /** Diagonal of `T`, positive. */
  readonly diagonal: VectorOperand;
}

/** A symmetric matrix with few nonzeros over a Gram matrix. */
export interface GraphOperands extends AdjacencyOperands {
  /** `S` [vertices, vertices], f64, symmetric, with a positive diagonal. */
  readonly gram: MatrixOperand;
}

/** What descents without `T S` take: `values` and `diagonal` are updated in place. */
export interface ClassDescentArguments extends DescentArguments, AdjacencyOperands {
  /** Ends of the edges: two vertices each. */
  readonly ends: DeviceArray<"u32">;
  /**
   * Where each class of edges ends, ascending, the last at the number of edges; edges of a class share no vertex.
   *
   * @default one edge after another
   */
  readonly classes?: ArrayLike<number>;
  /** Receives `||r_i||^2`. */
  readonly norms: VectorOperand;
  /** Receives `y_i . r_i`. */
  readonly own: VectorOperand;
  /** Working memory: what each edge and each vertex has moved in a sweep, edges + vertices. */
  readonly changes: VectorOperand;
}

/**
 * Working memory for what a descent needs of `S`: for each vertex the block over itself and its neighbours. A vertex of
 * degree d has d + 1 places, itself first, then its neighbours in the order of the adjacency.
 */
export interface PackedGram {
  /** Place of each vertex's block in `blocks`. */
  readonly places: DeviceArray<"u32">;
  /** Place of the other end of each edge at its lower and its higher end, from 1: two an edge. */
  readonly slots: DeviceArray<"u32">;
  /** Receives the blocks, (degree + 1)^2 a vertex. */
  readonly blocks: VectorOperand;
  /** Receives `y_j . r_i` for each place `j` of each vertex `i`, degree + 1 a vertex. */
  readonly products: VectorOperand;
  /** Whether the blocks hold `S` already, from a descent on the same edges. @default false */
  readonly gathered?: boolean;
}

/** As {@linkcode GraphDescentArguments}, with `y_j . r_i = sum_k t_ik S_kj` for neighbours alone. */
export interface NeighbourDescentArguments extends ClassDescentArguments, GraphOperands {
  /**
   * Gathers `S` once and keeps the products current, so that steps run along contiguous rows and those that move nothing
   * cost O(1). Without it sums are gathered from `S` where they are needed.
   */
  readonly packing?: PackedGram;
}

/** The same from `Y` itself, with the residuals `r_i = Y t_i` kept. */
export interface ResidualDescentArguments extends ClassDescentArguments {
  /** `Y^T` [vertices, samples], f64: one variable a row. */
  readonly samples: MatrixOperand;
  /** Receives `r_i` [vertices, samples]. */
  readonly residuals: MatrixOperand;
  /** `S_ii = ||y_i||^2`, positive. */
  readonly variances: VectorOperand;
}

/** `u_ij = 2 y_j . r_i / t_ii + 2 y_i . r_j / t_jj` for some rows `i`. */
export interface GraphSlopesArguments extends GraphOperands {
  /** First row. */
  readonly first: number;
  /** First column that is wanted; what stands to the left of it means nothing. @default 0 */
  readonly from?: number;
  /** Receives the rows [rows, vertices], f64. */
  readonly slopes: MatrixOperand;
}

/** `u_ij` for some rows `i` from products that are there: `p_ij = y_j . r_i` and `q_ij = y_i . r_j`. */
export interface PairedSlopesArguments {
  /** First row. */
  readonly first: number;
  /** `p` of those rows [rows, columns]. */
  readonly products: MatrixOperand;
  /** `q` of those rows, or its transpose [columns, rows]. */
  readonly mirrored: MatrixOperand;
  /** Whether `mirrored` is the transpose. */
  readonly transposed: boolean;
  /** Vertex of the first column. @default 0 */
  readonly from?: number;
  readonly diagonal: VectorOperand;
  /** Receives the slopes [rows, columns]. */
  readonly slopes: MatrixOperand;
}

/** Finds the slopes right of the diagonal whose magnitude exceeds a limit. */
export interface SteepEntriesArguments {
  /** Vertex of the first row. */
  readonly first: number;
  /** [rows, vertices]; the steep ones move to the front of their row, in order. */
  readonly slopes: MatrixOperand;
  /** One limit a row; a negative one takes all. */
  readonly limits: VectorOperand;
  /** Receives the columns of the steep entries, at the front of each row of [rows, vertices]. */
  readonly columns: DeviceArray<"u32">;
  /** Receives the number of steep entries of each row. */
  readonly counts: DeviceArray<"u32">;
}

/** Sums the conjugates of free edges at scaled slopes: what a dual point and its multiples leave of the bound. */
export interface ScaledConjugatesArguments {
  /** Vertex of the first row. */
  readonly first: number;
  /** [rows, vertices]; what is right of the diagonal counts. */
  readonly slopes: MatrixOperand;
  /** Status of every edge, row by row: `{i, j}` has the number `i vertices - i (i + 1) / 2 + j - i - 1`. */
  readonly statuses: DeviceArray<"u8">;
  /** Ascending, in (0, 1]. */
  readonly scales: VectorOperand;
  readonly penalty: L0Penalty;
  /** Receives `sum_j psi*(s u_ij)` over the free edges of each row for each scale `s` [rows, scales]. */
  readonly sums: MatrixOperand;
  /** Receives the largest magnitude of a free edge's slope in each row, 0 where none exceeds the threshold. */
  readonly steepest: VectorOperand;
}

/** Offers every edge `{i, j}` of some vertices `i` against the best absent edge `{i, k}`. */
export interface GraphSwapsArguments extends AdjacencyOperands {
  /** First vertex. */
  readonly first: number;
  /** Slopes of those vertices [rows, vertices]. */
  readonly slopes: MatrixOperand;
  /** Rows of `S`. */
  readonly gram: MatrixOperand;
  /** Row of `gram` that belongs to each entry of `neighbours`, less that of the first entry that is looked at. */
  readonly rows: DeviceArray<"u32">;
  /** First entry of `rows` that belongs to `first`. */
  readonly rowsFrom: number;
  readonly variances: VectorOperand;
  /** At most the curvature of any edge at each vertex. */
  readonly leastCurvatures: VectorOperand;
  readonly penalty: L0Penalty;
  /** Receives, for each entry of `neighbours` at those vertices, the gain of its best swap; 0 where none gains 1e-9. */
  readonly gains: VectorOperand;
  /** Receives the new neighbours `k`. */
  readonly targets: DeviceArray<"u32">;
  /** Receives the slopes along the new edges once the old ones are gone. */
  readonly along: VectorOperand;
}

/** The kernels of large graphs. Descents return the number of sweeps made. */
export interface L0GraphKernels {
  /** Coordinate descent for the l0-penalised pseudolikelihood by sums over neighbours, O(degree) a coordinate; classes split. */
  neighbourDescent(operands: NeighbourDescentArguments): Completion<number>;
  /** The same with residuals, O(samples) a coordinate; classes split. */
  residualDescent(operands: ResidualDescentArguments): Completion<number>;
  /** Slopes of the data term along every edge of some vertices; rows split. */
  graphSlopes(operands: GraphSlopesArguments): Completion;
  /** Slopes of the data term from products; rows split. */
  pairedSlopes(operands: PairedSlopesArguments): Completion;
  /** Compacts the slopes beyond a limit; rows split. */
  steepEntries(operands: SteepEntriesArguments): Completion;
  /** Sums of conjugates at several multiples of the slopes; rows split. */
  scaledConjugates(operands: ScaledConjugatesArguments): Completion;
  /** Best swap of each edge at some vertices; rows split. */
  graphSwaps(operands: GraphSwapsArguments): Completion;
}

/** Specifications of the kernels of large graphs. */
export const l0GraphSpecs: FamilySpecs<L0GraphKernels> = {
  neighbourDescent: {
    summary: "coordinate descent on the l0-penalised pseudolikelihood by sums over neighbours",
    dtypes: ["f64"],
    tolerance: "solve",
    flops: ({ values, sweeps, diagonal }) => 8 * values.length * (values.length / diagonal.length + 1) * (sweeps + 1),
    traffic: ({ values, diagonal }) => 6 * values.length + 3 * diagonal.length,
  },
  residualDescent: {
    summary: "coordinate descent on the l0-penalised pseudolikelihood from the samples and residuals",
    dtypes: ["f64"],
    tolerance: "solve",
    flops: ({ values, sweeps, diagonal, samples }) =>
      samples.columns * (8 * values.length + 4 * diagonal.length) * (sweeps + 1),
    traffic: ({ samples }) => 3 * samples.rows * samples.columns,
  },
  graphSlopes: {
    summary: "u_ij = 2 (T S)_ij / t_ii + 2 (T S)_ji / t_jj",
    dtypes: ["f64"],
    tolerance: "sum",
    flops: ({ values, diagonal, slopes }) => 8 * slopes.rows * (values.length + diagonal.length),
    traffic: ({ values, diagonal, slopes }) => slopes.rows * (2 * values.length + 3 * diagonal.length),
  },
  pairedSlopes: {
    summary: "u_ij = 2 p_ij / t_ii + 2 q_ij / t_jj",
    dtypes: ["f64"],
    tolerance: "elementwise",
    flops: ({ slopes }) => 4 * slopes.rows * slopes.columns,
    traffic: ({ slopes }) => 3 * slopes.rows * slopes.columns,
  },
  steepEntries: {
    summary: "the entries right of the diagonal beyond a limit, row by row",
    dtypes: ["f64"],
    tolerance: "exact",
    flops: ({ slopes }) => slopes.rows * slopes.columns,
    traffic: ({ slopes }) => slopes.rows * slopes.columns,
  },
  scaledConjugates: {
    summary: "sum_j psi*(s u_ij) for each row and each scale s",
    dtypes: ["f64"],
    tolerance: "sum",
    flops: ({ slopes }) => slopes.rows * slopes.columns,
    traffic: ({ slopes }) => slopes.rows * slopes.columns,
  },
  graphSwaps: {
    summary: "max_k gain(u_ik - 2 t_ij S_jk / t_ii) - gain(t_ij) for the edges of some vertices",
    dtypes: ["f64"],
    tolerance: "sum",
    flops: ({ values, slopes }) => 8 * slopes.rows * values.length,
    traffic: ({ slopes, diagonal }) => 2 * slopes.rows * diagonal.length,
  },
};
