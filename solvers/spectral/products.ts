/** Products of large matrices, with a checkpoint between their parts. @module */

import type { DeviceArray, MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Pause } from "./operands.ts";

/** An array of floating-point numbers in JavaScript's memory. */
type FloatArray = DeviceArray<"f32"> | DeviceArray<"f64">;

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

/** Rows of a block of a tall matrix; most of them that are summed apart; rows to a column from which a matrix is tall. */
const blockLines = 512, mostBlocks = 64, tall = 16;

/** Where the products of blocks were: kept from call to call, for they come by the hundred and need no zeros. */
const rooms = new WeakMap<Workspace, FloatArray>();

function takeRoom(workspace: Workspace, dtype: "f32" | "f64", length: number): FloatArray {
  const room = rooms.get(workspace);
  // Until it is back, another call must not use it.
  rooms.delete(workspace);
  if (room && room.dtype === dtype && room.length >= length) return room;
  if (room) workspace.free(room);
  return workspace.allocate(dtype, length, "products of blocks");
}

function leaveRoom(workspace: Workspace, array: FloatArray): void {
  const other = rooms.get(workspace);
  if (other) workspace.free(other);
  rooms.set(workspace, array);
}

/**
 * `C = A^T B + beta C`, or with `A` for `B`, of matrices in JavaScript's memory. Where they are tall, `C` has too few elements to
 * share among threads: blocks of rows are, and their products are summed in one order whatever the number of threads.
 */
export async function innerProducts(
  workspace: Workspace,
  a: MatrixOperand,
  b: MatrixOperand | undefined,
  c: MatrixOperand,
  beta = 0,
): Promise<void> {
  const { kernels } = workspace, { dtype } = c.array, width = Math.max(c.rows, c.columns);
  if (a.array.dtype !== dtype || a.rows < Math.max(2 * blockLines, tall * width)) {
    await (b ? kernels.gemm({ a, b, c, transposeA: true, beta }) : kernels.syrk({ a, c, beta }));
    return;
  }
  const lines = Math.max(blockLines, Math.ceil(a.rows / mostBlocks)), count = Math.ceil(a.rows / lines);
  const size = c.rows * c.columns, array = takeRoom(workspace, dtype, count * size);
  const parts = { array, rows: count, columns: size };
  try {
    await kernels.partialProducts({ a, ...b && { b }, parts, lines });
    const source = workspace.view(array).subarray(0, count * size), target = workspace.view(c.array);
    const { offset = 0, stride = c.columns } = c;
    for (let i = 0, at = 0; i < c.rows; i++) {
      for (let j = 0; j < c.columns; j++, at++) {
        let sum = 0;
        for (let p = at; p < source.length; p += size) sum += source[p];
        const to = offset + i * stride + j;
        target[to] = sum + (beta === 0 ? 0 : beta * target[to]);
      }
    }
  } finally {
    leaveRoom(workspace, array);
  }
}

/** `C = A^T A`. */
export async function gramByParts(workspace: Workspace, a: MatrixOperand, c: MatrixOperand, pause?: Pause) {
  const lines = linesOf(c.rows * c.rows / 2);
  for (let begin = 0; begin === 0 || begin < a.rows; begin += lines) {
    if (begin > 0) await pause?.();
    const some = part(a, begin, Math.min(a.rows, begin + lines), "rows");
    await innerProducts(workspace, some, undefined, c, begin > 0 ? 1 : 0);
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
