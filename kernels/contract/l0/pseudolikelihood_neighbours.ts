/**
 * Kernels for sparse precision matrices of many variables, where the product `T S` is not kept.
 *
 * An entry `t_ij` occurs only in the terms of `i` and `j`, so edges that share no vertex are independent coordinates.
 * Descents take the edges in classes of such edges, one class after another: the steps of a class are the same in any
 * order, and split over threads.
 *
 * @module
 */

import type { DescentArguments } from "./penalty.ts";
import type { Breaks, Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Edges of a symmetric matrix as each vertex lists them. */
export interface AdjacencyOperands {
  /** Index of each vertex's first entry in `neighbours` and `incident`, then the number of entries: vertices + 1. */
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
  readonly diagonalProducts: VectorOperand;
  /** Working memory: what each edge and each vertex has moved in a sweep, edges + vertices. */
  readonly changes: VectorOperand;
  /** Breaks within sweeps, for those that are long; the reference makes none. @default none */
  readonly breaks?: Breaks;
}

/**
 * Working memory for what a descent needs of `S`: for each vertex the block over itself and its neighbours. A vertex of
 * degree d has d + 1 places, itself first, then its neighbours in the order of the adjacency.
 */
export interface PackedGram {
  /** Index of each vertex's block in `blocks`. */
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

/** As {@linkcode ProductDescentArguments}, with `y_j . r_i = sum_k t_ik S_kj` for neighbours alone. */
export interface NeighbourDescentArguments extends ClassDescentArguments, GraphOperands {
  /**
   * Gathers `S` once and keeps the products current, so that steps run along contiguous rows and those that move
   * nothing cost O(1). Without it sums are gathered from `S` where they are needed.
   */
  readonly packing?: PackedGram;
}

/** Descents by sums over neighbours; they return the number of sweeps made. */
export interface PseudolikelihoodNeighbourKernels {
  /**
   * Coordinate descent for the l0-penalised pseudolikelihood by sums over neighbours, O(degree) a coordinate; classes
   * split.
   */
  neighbourDescent(operands: NeighbourDescentArguments): Completion<number>;
}

/** Their specifications. */
export const pseudolikelihoodNeighbourSpecifications: FamilySpecifications<PseudolikelihoodNeighbourKernels> = {
  neighbourDescent: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
