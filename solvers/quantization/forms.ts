/** Quadratic forms in f64, apart from the fast path: what certificates are made of. @module */

import { formBlock } from "../../kernels/engine/mod.ts";
import type { MatrixOperand } from "../../kernels/contract.ts";
import { compared } from "../core/certificate.ts";
import type { Vector } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";
import { ranges, rowsOfBlock, rowsOfCall } from "./blocking.ts";
import type { Problem } from "./problem.ts";

/** Share of a dense pass that a quadratic form of each row costs. */
const formShare = 0.5;

/** Plain multiply-adds for which every row of a layer is compared; above, a few rows are. */
const affordableProducts = 2 ** 20, rowsCompared = 3;

/** Plain multiply-adds between two pauses. */
const productsBetweenPauses = 2 ** 20;

/** Rows that are computed again by plain sums: every row of a small layer, and of a large one some, drawn by the seed. */
export function comparedRows({ rows, columns, options: { seed } }: Problem): Set<number> {
  if (rows * columns * columns <= affordableProducts) return new Set(Array.from({ length: rows }, (_, i) => i));
  const random = createRandom(seed), drawn = new Set<number>();
  while (drawn.size < Math.min(rowsCompared, rows)) drawn.add(random.integer(rows));
  return drawn;
}

/** Quadratic forms of rows of the layer. */
export interface Forms {
  /** Most rows at a time. */
  readonly capacity: number;
  /** `x . A x` for each row of `x`; the first of them belongs to row `begin` of the layer. */
  forms(what: string, x: Vector, begin: number): Promise<Float64Array>;
  /** Frees what the kernels hold. */
  close(): void;
}

/**
 * Quadratic forms by a symmetric matrix `A`, of which rows of the layer are compared with plain sums.
 *
 * @param roots no entry of `A` is larger than the product of those of its row and column
 * @param pause called between short kernel calls
 * @throws {BackendError} from the forms, where the kernel and plain sums differ beyond rounding
 */
export async function openForms(
  problem: Problem,
  a: Vector,
  roots: Float64Array,
  pause: () => Promise<unknown>,
): Promise<Forms> {
  const { workspace: { host: workspace }, columns } = problem;
  const form = workspace.allocate("f64", columns * columns, "symmetric matrix");
  for (const [begin, end] of ranges(columns, formBlock)) {
    workspace.write(form, a.subarray(begin * columns, end * columns), begin * columns);
    await pause();
  }
  const capacity = Math.min(rowsOfBlock(problem), rowsOfCall(problem, formShare));
  const block = workspace.allocate("f64", capacity * columns, "rows");
  const values = workspace.allocate("f64", capacity, "quadratic forms");
  const operand: MatrixOperand = { array: form, rows: columns, columns };
  const drawn = comparedRows(problem), plainRow = new Float64Array(columns);
  let sincePause = 0;

  /** Compares the forms of some rows with plain sums over the triangle that the kernel reads. */
  async function compare(what: string, x: Vector, begin: number, received: Float64Array): Promise<void> {
    for (const row of drawn) {
      if (row < begin || row >= begin + received.length) continue;
      plainRow.set(x.subarray((row - begin) * columns, (row - begin + 1) * columns));
      let plain = 0, size = 0;
      for (const [first, end] of ranges(columns, formBlock)) {
        plain += partOfForm(plainRow, a, first, end);
        for (let j = first; j < end; j++) size += Math.abs(plainRow[j]) * roots[j];
        sincePause += (end - first) * end;
        if (sincePause < productsBetweenPauses) continue;
        sincePause = 0;
        await pause();
      }
      // What is beyond the range of numbers by either is the fault of the data; the certificate says so.
      if (!Number.isFinite(plain) && !Number.isFinite(received[row - begin])) continue;
      compared(`${what} of row ${row}`, plain, received[row - begin], 4 * Number.EPSILON * columns * size * size);
    }
  }

  return {
    capacity,
    async forms(what, x, first) {
      const count = x.length / columns;
      workspace.write(block, x);
      const operands = {
        x: { array: block, rows: count, columns },
        a: operand,
        values: { array: values, length: count },
      };
      for (let begin = 0; begin < columns;) {
        // Columns up to the n-th cost n^2 operations a row.
        const affordable = Math.sqrt(begin ** 2 + workspace.batchFlops / count) - begin;
        const end = Math.min(columns, begin + formBlock * Math.max(1, Math.floor(affordable / formBlock)));
        await workspace.kernels.quadraticForm({ ...operands, begin, end });
        await pause();
        begin = end;
      }
      const received = await workspace.read(values, 0, count);
      await compare(what, x, first, received);
      return received;
    },
    close() {
      for (const array of [form, block, values]) workspace.free(array);
    },
  };
}

/** The terms `x_j (a_jj x_j + 2 sum_{k<j} a_jk x_k)` of `x . A x` for rows `[begin, end)` of a symmetric `A`, in plain f64. */
function partOfForm(x: Float64Array, a: Vector, begin: number, end: number): number {
  const columns = x.length;
  let sum = 0, j = begin;
  // Two rows with two sums each, so that `x` is read once for both and no sum waits for another.
  for (; j + 1 < end; j += 2) {
    let p = 0, q = 0, r = 0, s = 0, at = j * columns, below = at + columns, k = 0;
    for (; k + 1 < j; k += 2, at += 2, below += 2) {
      const first = x[k], second = x[k + 1];
      p += a[at] * first;
      q += a[at + 1] * second;
      r += a[below] * first;
      s += a[below + 1] * second;
    }
    for (; k < j; k++, at++, below++) {
      p += a[at] * x[k];
      r += a[below] * x[k];
    }
    const first = x[j], second = x[j + 1];
    sum += first * (a[at] * first + 2 * (p + q));
    sum += second * (a[below + 1] * second + 2 * (r + s + a[below] * first));
  }
  if (j === end) return sum;
  let below = 0;
  for (let k = 0; k < j; k++) below += a[j * columns + k] * x[k];
  return sum + x[j] * (a[j * columns + j] * x[j] + 2 * below);
}
