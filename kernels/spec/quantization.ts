/**
 * Kernels of quantisation by coordinate descent.
 *
 * Row `i` of a weight matrix lives on the grid `s (c - z)` with whole codes `c` in `[0, maximumCode]`; `s` and `z` are
 * given per row and group of columns. Kernels hold *levels* `l = c - z`, real numbers that are whole once quantised, so
 * that a weight is `s l` exactly, and the *residual* `G = (W - What) M` in weight units for a coupling matrix `M` with
 * unit diagonal. One step at column `j` of a row, over the whole row of `G`:
 *
 *     target = l_j + G_j / s_j        l_j' = clamp(round(target), -z_j, maximumCode - z_j), rounding half to even
 *     G     += s_j (l_j - l_j') M[j, :]
 *
 * With `M = Sigma diag(Sigma)^-1` this is coordinate descent (QuantEase); with `M` the unit upper triangular factor of
 * `Sigma = R R^T`, columns of `R` divided by its diagonal, and `What = W` at the start, one sweep is GPTQ.
 * A column whose diagonal in `M` is zero is dead: its target is its own level.
 *
 * @module
 */

import type { FamilySpecs } from "./contract.ts";
import type { Completion, DeviceArray, MatrixOperand, VectorOperand } from "./operands.ts";

/** The state of some rows and their grid. */
export interface QuantizationState {
  /** Levels `l = c - z` [rows, columns], updated in place. */
  readonly levels: MatrixOperand;
  /** Residual `G` [rows, columns] in weight units, updated in place. */
  readonly residual: MatrixOperand;
  /** Coupling `M` [columns, columns]. */
  readonly coupling: MatrixOperand;
  /** Scales `s` [rows, groups], positive. */
  readonly scales: MatrixOperand;
  /** Zeros `z` [rows, groups], whole numbers. */
  readonly zeros: MatrixOperand;
  /** Group of each column; all in group 0 without it. */
  readonly columnGroups?: DeviceArray<"u32">;
  /** Largest code, `2^bits - 1`. */
  readonly maximumCode: number;
}

/**
 * Columns that kernels may settle together. A pass in several calls, one range of columns after the other, gives the bits
 * of a pass in one where the ranges meet at multiples of it.
 */
export const sweepBlock = 64;

/** One pass over columns from left to right. */
export interface QuantizationSweepArguments extends QuantizationState {
  /** First column to settle. @default 0 */
  readonly begin?: number;
  /** The column after the last one to settle. @default columns */
  readonly end?: number;
  /** Take the real-valued target as the new level. @default false */
  readonly relaxed?: boolean;
  /** `M` is upper triangular, zeros included: columns left of the current one do not change. @default false */
  readonly triangular?: boolean;
}

/**
 * Passes that touch the residual only where a level changes, row by row, until nothing changes.
 *
 * Levels are on the grid at the start. One changes only where the new level is strictly nearer to the target, so that a
 * tie does not wander between two levels of equal merit.
 */
export interface QuantizationDescentArguments extends QuantizationState {
  /** Most passes over a row. */
  readonly passes: number;
  /** Receives the number of level changes of each row in all passes; u32, one element a row. */
  readonly changes: DeviceArray<"u32">;
}

/** How far the weights `s l` are from what they are to come near. */
export interface QuantizationErrorsArguments extends Pick<QuantizationState, "levels" | "scales" | "columnGroups"> {
  /** Targets `T` [rows, columns] in weight units, replaced by the errors `T - s l`. */
  readonly targets: MatrixOperand;
}

/** What each row adds to `||(T - s l) X||^2`. */
export interface QuantizationObjectivesArguments
  extends Pick<QuantizationState, "levels" | "residual" | "scales" | "columnGroups"> {
  /** Targets `T` [rows, columns] in weight units; `residual` is `(T - s l) M`. */
  readonly targets: MatrixOperand;
  /** The diagonal `c` that was divided out of the coupling [columns]; f64, and f32 on devices, which have no other. */
  readonly curvatures: VectorOperand;
  /** Receives the objectives [rows], in the dtype of `curvatures`. */
  readonly objectives: VectorOperand;
}

/** Codes of levels that are on the grid. */
export interface QuantizationCodesArguments extends Pick<QuantizationState, "levels" | "zeros" | "columnGroups"> {
  /**
   * Receives the codes `l + z`, a byte each, row after row in the order of memory; every row begins a word of its own, and
   * takes `ceil(columns / 4)` of them. What is left of a row's last word is 0.
   */
  readonly codes: DeviceArray<"u32">;
}

/** Levels, residual and objectives of some rows. */
export interface QuantizationCandidate extends Pick<QuantizationState, "levels" | "residual"> {
  /** One number a row; f64, and f32 on devices, which have no other. */
  readonly objectives: VectorOperand;
}

/** Two states of the same rows, in arrays of their own; afterwards they are the same. */
export interface QuantizationChoiceArguments {
  readonly best: QuantizationCandidate;
  /** Taken where its objective is lower. */
  readonly reached: QuantizationCandidate;
}

/** The quantisation family. Rows are independent, and split. */
export interface QuantizationKernels {
  /** A dense pass, blocked: panels of columns, then one matrix product for the rest. */
  quantizationSweep(operands: QuantizationSweepArguments): Completion;
  /** Sparse passes to a coordinate-wise minimum; returns the number of rows that still changed in their last pass. */
  quantizationDescent(operands: QuantizationDescentArguments): Completion<number>;
  /** `T <- T - s l`, computed in f64 where the backend has it. */
  quantizationErrors(operands: QuantizationErrorsArguments): Completion;
  /** `sum_j (T - s l)_ij G_ij c_j` for each row, in f64 where the backend has it, in an order that columns alone give. */
  quantizationObjectives(operands: QuantizationObjectivesArguments): Completion;
  /** The codes of levels on the grid, packed. */
  quantizationCodes(operands: QuantizationCodesArguments): Completion;
  /** Each row of both states becomes that of the better one: `reached` where its objective is lower, else `best`. */
  quantizationChoice(operands: QuantizationChoiceArguments): Completion;
}

/** Specifications of the quantisation family. */
export const quantizationSpecs: FamilySpecs<QuantizationKernels> = {
  quantizationSweep: {
    summary: "one pass of block coordinate descent over the grid",
    dtypes: ["f32", "f64"],
    tolerance: "solve",
    flops: ({ levels: { rows, columns }, begin = 0, end = columns, triangular }) =>
      rows * (end - begin) * (2 * columns - (triangular ? begin + end : 0)),
    traffic: ({ levels: { rows, columns }, begin = 0, end = columns }) =>
      2 * rows * (columns + end - begin) + (end - begin) * columns,
  },
  quantizationDescent: {
    summary: "coordinate descent over the grid where levels change",
    dtypes: ["f32", "f64"],
    tolerance: "solve",
    flops: ({ levels: { rows, columns } }) => 3 * rows * columns,
    traffic: ({ levels: { rows, columns } }) => 2 * rows * columns,
  },
  quantizationErrors: {
    summary: "T <- T - s l",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ levels: { rows, columns } }) => 2 * rows * columns,
    traffic: ({ levels: { rows, columns } }) => 3 * rows * columns,
  },
  quantizationObjectives: {
    summary: "sum_j (T - s l)_ij G_ij c_j",
    dtypes: ["f32", "f64"],
    tolerance: "sum",
    flops: ({ levels: { rows, columns } }) => 5 * rows * columns,
    traffic: ({ levels: { rows, columns } }) => 3 * rows * columns + columns + rows,
  },
  quantizationCodes: {
    summary: "l + z, a byte each",
    dtypes: ["f32", "f64"],
    tolerance: "exact",
    flops: ({ levels: { rows, columns } }) => rows * columns,
    traffic: ({ levels: { rows, columns } }) => rows * columns + rows * Math.ceil(columns / 4),
  },
  quantizationChoice: {
    summary: "the better of two states, row by row",
    dtypes: ["f32", "f64"],
    tolerance: "exact",
    flops: ({ best: { levels: { rows } } }) => rows,
    traffic: ({ best: { levels: { rows, columns } } }) => 4 * rows * columns + 3 * rows,
  },
};
