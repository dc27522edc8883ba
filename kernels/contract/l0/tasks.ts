/**
 * Local search for the supports of several tasks, one fit of a batch apart from the others:
 *
 *     sum_k ||y_k - X_k b_k||^2 / 2 + ridge/2 sum_k ||b_k||^2 + valueSharing/2 sum_k ||b_k - mean||^2
 *       + supportSharing/2 sum_k ||z_k - mean z||^2,   z_k = [b_k != 0],   ||z_k||_0 <= size
 *
 * A move lets one feature enter the support of a task, leave it, or take another's place, all other coefficients of the
 * task fitted again; in a common support it is made in all tasks at once. Moves that gain most are made while they gain
 * more than rounding; then, where values are shared, all tasks are fitted together. Fits exchange nothing, so that any
 * partition of the batch gives the same bits.
 *
 * @module
 */

import {
  BLOCK_FROM,
  BLOCK_GRAM,
  BLOCK_SAMPLES,
  BLOCK_WORDS,
  FIT_COMMON,
  FIT_DATA,
  FIT_LEAST_GAIN,
  FIT_MOVES,
  FIT_RIDGE,
  FIT_SIZE,
  FIT_SUPPORT_SHARING,
  FIT_VALUE_SHARING,
  FIT_WORDS,
} from "./constants.ts";
import type { Completion, DeviceArray, MatrixOperand } from "../operands.ts";
import type { FamilySpecifications } from "../specification.ts";

/** Words of a fit. */
export const taskFit = {
  /** Which data it is about: `blocks`, `linear` and `diagonal` have one run of tasks for each. */
  data: FIT_DATA,
  /** Most features of each support. */
  size: FIT_SIZE,
  ridge: FIT_RIDGE,
  valueSharing: FIT_VALUE_SHARING,
  supportSharing: FIT_SUPPORT_SHARING,
  /** 1 where all tasks have one support, that of the first; 0 elsewhere. */
  common: FIT_COMMON,
  /** What a move must gain. */
  leastGain: FIT_LEAST_GAIN,
  /** Most moves; receives those that are left, and the search has ended where some are. A fit of none is skipped. */
  moves: FIT_MOVES,
} as const;

/** Number of words of {@linkcode taskFit}. */
export const taskFitWords = FIT_WORDS;

/** Words of the data of a task. */
export const taskBlock = {
  /** First element of its samples in `samples`. */
  from: BLOCK_FROM,
  /** Number of its samples. */
  samples: BLOCK_SAMPLES,
  /** 1 + the first element of its Gram matrix in `gram`; 0 where there is none. */
  gram: BLOCK_GRAM,
} as const;

/** Number of words of {@linkcode taskBlock}. */
export const taskBlockWords = BLOCK_WORDS;

/** A batch of fits. */
export interface TaskMovesArguments {
  readonly tasks: number;
  readonly features: number;
  /** Words of {@linkcode taskFit} [fits, 8], f64, contiguous. */
  readonly fits: MatrixOperand;
  /** Words of {@linkcode taskBlock} [data, tasks, 3]. */
  readonly blocks: DeviceArray<"u32">;
  /** `X_k` [samples, features] of every task of every data, f64. */
  readonly samples: DeviceArray<"f64">;
  /** `X_k^T X_k` [features, features], f64, of those that have it. */
  readonly gram: DeviceArray<"f64">;
  /** `X_k^T y_k` [data, tasks, features], f64, contiguous. */
  readonly linear: MatrixOperand;
  /** Diagonal of `X_k^T X_k` [data, tasks, features], f64, contiguous. */
  readonly diagonal: MatrixOperand;
  /** Features of each support [fits, tasks, capacity], updated in place; `coefficients.columns` is the capacity. */
  readonly supports: DeviceArray<"u32">;
  /** Number of features of each support [fits, tasks], updated in place; at most the capacity. */
  readonly counts: DeviceArray<"u32">;
  /** Their coefficients [fits x tasks, capacity], f64, contiguous, updated in place. */
  readonly coefficients: MatrixOperand;
}

/** The search for supports of several tasks. Fits split. */
export interface TaskKernels {
  /** Local search from given supports; returns the number of moves made. */
  taskMoves(operands: TaskMovesArguments): Completion<number>;
}

/** Their specifications. */
export const taskSpecifications: FamilySpecifications<TaskKernels> = {
  taskMoves: {
    dtypes: ["f64"],
    tolerance: "solve",
  },
};
