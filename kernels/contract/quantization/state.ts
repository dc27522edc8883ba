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

import type { DeviceArray, MatrixOperand } from "../operands.ts";

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
  /** Zero points `z` [rows, groups], whole numbers. */
  readonly zeros: MatrixOperand;
  /** Group of each column; all in group 0 without it. */
  readonly columnGroups?: DeviceArray<"u32">;
  /** Largest code, `2^bits - 1`. */
  readonly maximumCode: number;
}
