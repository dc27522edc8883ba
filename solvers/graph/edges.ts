/** What a precision matrix says of pairs of variables. @module */

import type { SparseMatrix } from "../core/matrix.ts";
import { checkPrecision, diagonalOf, upperEntries } from "./sparse.ts";

/** An edge of the graph of a precision matrix. */
export interface GraphEdge {
  /** Vertices, the lower first. */
  readonly ends: readonly [number, number];
  /** Entry of the precision matrix. */
  readonly value: number;
  /** Correlation of the two variables given all others, `-t_ij / sqrt(t_ii t_jj)`. */
  readonly partialCorrelation: number;
}

/** The edges of a precision matrix, row by row. */
export function graphEdges(precision: SparseMatrix): GraphEdge[] {
  checkPrecision(precision);
  const diagonal = diagonalOf(precision);
  return Array.from(upperEntries(precision), ([i, j, value]) => ({
    ends: [i, j],
    value,
    partialCorrelation: -value / Math.sqrt(diagonal[i] * diagonal[j]),
  }));
}
