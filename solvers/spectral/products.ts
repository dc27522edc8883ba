/** Products of large matrices, with a checkpoint between their parts. @module */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Pause } from "./operands.ts";

/** Multiply-adds of a part, some 50 ms: whatever the number of threads, so that sums have one order. */
const partWork = 2 ** 28;

/** Rows of parts are multiples of this, so that tiles are whole. */
const unit = 64;

function linesOf(work: number): number {
  return Math.max(unit, Math.floor(partWork / Math.max(1, work) / unit) * unit);
}

/** Rows `begin` to `end` of an operand, or columns. */
function part(a: MatrixOperand, begin: number, end: number, across: "rows" | "columns"): MatrixOperand {
  const { offset = 0, stride = a.columns } = a;
  return { ...a, stride, offset: offset + begin * (across === "rows" ? stride : 1), [across]: end - begin };
}

/** `C = A^T A`. */
export async function gramByParts(workspace: Workspace, a: MatrixOperand, c: MatrixOperand, pause?: Pause) {
  const lines = linesOf(c.rows * c.rows / 2);
  for (let begin = 0; begin === 0 || begin < a.rows; begin += lines) {
    if (begin > 0) await pause?.();
    const some = part(a, begin, Math.min(a.rows, begin + lines), "rows");
    await workspace.kernels.syrk({ a: some, c, ...(begin > 0 && { beta: 1 }) });
  }
}

/** `C = A B` or `C = A^T B`, and products with `B^T`, by parts of the rows of `C`. */
export async function productByParts(
  workspace: Workspace,
  { a, b, c, transposeA = false, transposeB = false }: {
    readonly a: MatrixOperand;
    readonly b: MatrixOperand;
    readonly c: MatrixOperand;
    readonly transposeA?: boolean;
    readonly transposeB?: boolean;
  },
  pause?: Pause,
) {
  const lines = linesOf((transposeA ? a.rows : a.columns) * c.columns);
  for (let begin = 0; begin < c.rows; begin += lines) {
    if (begin > 0) await pause?.();
    const end = Math.min(c.rows, begin + lines), some = part(a, begin, end, transposeA ? "columns" : "rows");
    await workspace.kernels.gemm({ a: some, b, c: part(c, begin, end, "rows"), transposeA, transposeB });
  }
}
