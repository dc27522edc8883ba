import type { Matrix } from "../solvers/core/matrix.ts";

/** Columns of numbers with their names, and columns of text beside them. */
export interface TableParts {
  /** Names of the numeric columns. */
  readonly columns: readonly string[];
  /** The numbers, `[rows, columns]` in f64. */
  readonly matrix: Matrix;
  /** Columns kept as text, by name. */
  readonly text: ReadonlyMap<string, readonly string[]>;
}
