/**
 * Kernels that solve the relaxations of a batch of branch-and-bound nodes, one row of every array a node.
 *
 * Each node is solved apart from the others, by coordinate descent on an active set, in rounds: descend to the node's
 * tolerance, price all variables, and then prune, let variables above the threshold join, accept the bound or descend
 * to a finer tolerance. Nodes exchange nothing, so that any partition of the batch gives the same bits.
 *
 * @module
 */

import {
  FREE,
  KEPT,
  SCREENED_KEPT,
  SCREENED_ZERO,
  STATE_BOUND,
  STATE_FIXINGS,
  STATE_OBJECTIVE,
  STATE_SWEEPS,
  STATE_TOLERANCE,
  STATE_WORDS,
  ZERO,
} from "./constants.ts";
import type { FamilySpecifications } from "../specification.ts";
import type { L0Penalty } from "./penalty.ts";
import type { NodePrecision } from "./relaxation.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "../operands.ts";

/** Status of a variable in a node; `free` and `kept` are the penalty kinds of the same name. */
export const nodeStatus = {
  free: FREE,
  kept: KEPT,
  zero: ZERO,
  screenedKept: SCREENED_KEPT,
  screenedZero: SCREENED_ZERO,
} as const;

/** Words of the state of a node. */
export const nodeState = {
  /** A valid lower bound: before, one that is known (or -Infinity); after, the best of all rounds. */
  bound: STATE_BOUND,
  /** Tolerance of the next descent; negative once the relaxation is solved or its bound has reached `upperBound`. */
  tolerance: STATE_TOLERANCE,
  /**
   * Receives the objective of the descent on the penalty itself over the relaxed support; Infinity where none was made.
   */
  objective: STATE_OBJECTIVE,
  /** Receives the number of variables that screening has fixed. */
  fixings: STATE_FIXINGS,
  /** Sweeps that calls which ended before have made of the descent under way; 0 at first. */
  sweeps: STATE_SWEEPS,
} as const;

/** Number of words of {@linkcode nodeState}. */
export const nodeStateWords = STATE_WORDS;

/** A batch of nodes. */
export interface NodeBatchArguments {
  readonly nodes: number;
  readonly variables: number;
  /**
   * A value of {@linkcode nodeStatus} for every variable [nodes, variables]. Free variables that no solution below
   * `upperBound` can have otherwise become `screenedKept` or `screenedZero`.
   */
  readonly statuses: DeviceArray<"u8">;
  /**
   * Where the nodes start, and what they reach [nodes, variables], f64, contiguous. Variables that take part in a node which
   * is not solved yet, but are 0, have the least positive number.
   */
  readonly values: MatrixOperand;
  /** Words of {@linkcode nodeState} [nodes, 5], f64, contiguous; nodes of negative tolerance are skipped. */
  readonly states: MatrixOperand;
  readonly penalty: L0Penalty;
  /** Objective of the best solution known: a node whose bound reaches it is done. */
  readonly upperBound: number;
  readonly precision: NodePrecision;
  /**
   * Multiply-adds after which a node is suspended, by rough count: the next call resumes it. A call makes one sweep of
   * each node at the least.
   */
  readonly work: number;
}

/** Nodes of `||y - X b||^2 / 2 + sum g(b_j)`. */
export interface RegressionNodesArguments extends NodeBatchArguments {
  /** `||y||^2 / 2`. */
  readonly nullLoss: number;
  /** `X^T y`. */
  readonly linear: VectorOperand;
  /** Rows of `X^T X` [rows, variables], f64, as far as they are known. */
  readonly gram: MatrixOperand;
  /** Index of each variable's row, or -1. */
  readonly rowOf: DeviceArray<"i32">;
  /** Receives 1 for variables whose rows nodes lack, or will soon; nodes that lack one stay unsolved. */
  readonly wanted: DeviceArray<"u8">;
}

/** Nodes of the l0-penalised pseudolikelihood; the variables are the edges, `(0, 1), (0, 2), ...`. */
export interface GraphNodesArguments extends NodeBatchArguments {
  /** `S` [vertices, vertices], f64, symmetric, with a positive diagonal. */
  readonly gram: MatrixOperand;
  /** Diagonal of each node's matrix [nodes, vertices], positive, updated in place. */
  readonly diagonals: MatrixOperand;
}

/** The family of node batches; each returns the number of sweeps made. Nodes split. */
export interface NodeKernels {
  /** Relaxations of best-subset regression. */
  regressionNodes(operands: RegressionNodesArguments): Completion<number>;
  /** Relaxations of a sparse precision matrix, from the products `T S`. */
  graphNodes(operands: GraphNodesArguments): Completion<number>;
}

/** Specifications of the family; the sweeps that a node needs are not known before, one is counted. */
export const nodeSpecifications: FamilySpecifications<NodeKernels> = {
  regressionNodes: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
  graphNodes: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
