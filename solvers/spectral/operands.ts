/** Matrices where the kernels run, as the solvers of low rank hold them. @module */

import type { FloatDtype, MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";

/** Called between kernels: where progress is told, and aborts are heard. */
export type Pause = () => Promise<unknown>;

/** A zero matrix in the memory of a workspace. */
export function allocateMatrix(
  workspace: Workspace,
  dtype: FloatDtype,
  rows: number,
  columns: number,
  label: string,
): MatrixOperand {
  return { array: workspace.allocate(dtype, rows * columns, label), rows, columns };
}
