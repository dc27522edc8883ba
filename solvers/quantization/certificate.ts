import { formBlock } from "../../kernels/engine/mod.ts";
import type { MatrixOperand } from "../../kernels/contract.ts";
import { compared } from "../core/certificate.ts";
import { DataError } from "../core/errors.ts";
import type { Vector } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";
import { ranges, rowsOfBlock, rowsOfCall } from "./blocking.ts";
import { dequantizeRows, type QuantizedWeights } from "./layer.ts";
import type { Problem } from "./problem.ts";

/** Share of the sum of magnitudes that rounding may take from a quadratic form. */
const rounding = 1e-6;

/** Share of a dense pass that a quadratic form of each row costs. */
const formShare = 0.5;

/** Plain multiply-adds for which every row of a layer is compared; above, a few rows are. */
const affordableProducts = 2 ** 20, rowsCompared = 3;

/** Plain multiply-adds between two pauses. */
const productsBetweenPauses = 2 ** 20;

/** What the certificate measures. */
export interface Certificate {
  /** `||(W - What) X||^2`, the sum over rows. */
  readonly objective: number;
  /** The part of each row. */
  readonly rowObjectives: Float64Array;
  /** `||W X||^2`. */
  readonly norm: number;
}

/** Rows that are computed again by plain sums: every row of a small layer, and of a large one some, drawn by the seed. */
export function comparedRows({ rows, columns, options: { seed } }: Problem): Set<number> {
  if (rows * columns * columns <= affordableProducts) return new Set(Array.from({ length: rows }, (_, i) => i));
  const random = createRandom(seed), drawn = new Set<number>();
  while (drawn.size < Math.min(rowsCompared, rows)) drawn.add(random.integer(rows));
  return drawn;
}

/**
 * `||(W - What) X||^2` and `||W X||^2` in f64, from the dense weights that the layer stands for and apart from the fast
 * path: as much arithmetic as one dense pass, in f64. The kernel that sums them is compared with plain sums on every row of
 * a small layer, and on a few rows of a large one.
 *
 * @param pause called between short kernel calls
 * @throws {BackendError} where the kernel and plain sums differ beyond rounding
 */
export async function certify(
  problem: Problem,
  layer: Omit<QuantizedWeights, "bits" | "groupSize">,
  pause: () => Promise<unknown>,
): Promise<Certificate> {
  const { workspace: { host: workspace }, columns, rows, gram, weights, diagonal, unit } = problem;
  const form = workspace.allocate("f64", columns * columns, "Gram matrix");
  for (const [begin, end] of ranges(columns, formBlock)) {
    workspace.write(form, gram.data.subarray(begin * columns, end * columns), begin * columns);
    await pause();
  }
  const capacity = Math.min(rowsOfBlock(problem), rowsOfCall(problem, formShare));
  const block = workspace.allocate("f64", capacity * columns, "errors");
  const values = workspace.allocate("f64", capacity, "quadratic forms");
  const a: MatrixOperand = { array: form, rows: columns, columns };
  const dense = weights.data.slice(0, capacity * columns);
  const errors = new Float64Array(capacity * columns);

  async function forms(count: number): Promise<Float64Array> {
    const operands = { x: { array: block, rows: count, columns }, a, values: { array: values, length: count } };
    for (let begin = 0; begin < columns;) {
      // Columns up to the n-th cost n^2 operations a row.
      const affordable = Math.sqrt(begin ** 2 + workspace.batchFlops / count) - begin;
      const end = Math.min(columns, begin + formBlock * Math.max(1, Math.floor(affordable / formBlock)));
      await workspace.kernels.quadraticForm({ ...operands, begin, end });
      await pause();
      begin = end;
    }
    return workspace.read(values, 0, count);
  }

  let sincePause = 0;
  const drawn = comparedRows(problem), plainRow = new Float64Array(columns);

  /** Compares the forms of some rows, whose first is `begin`, with plain sums over the triangle that the kernel reads. */
  async function compare(what: string, x: Vector, begin: number, received: Float64Array): Promise<void> {
    for (const row of drawn) {
      if (row < begin || row >= begin + received.length) continue;
      plainRow.set(x.subarray((row - begin) * columns, (row - begin + 1) * columns));
      let plain = 0, size = 0;
      for (const [first, end] of ranges(columns, formBlock)) {
        plain += partOfForm(plainRow, gram.data, first, end);
        for (let j = first; j < end; j++) size += Math.abs(plainRow[j]) * Math.sqrt(Math.max(0, diagonal[j]));
        sincePause += (end - first) * end;
        if (sincePause < productsBetweenPauses) continue;
        sincePause = 0;
        await pause();
      }
      compared(
        `${what} of row ${row}`,
        plain,
        received[row - begin],
        4 * Number.EPSILON * columns * size * size * unit,
      );
    }
  }

  const rowObjectives = new Float64Array(rows);
  let norm = 0;
  for (const [begin, end] of ranges(rows, capacity)) {
    const original = weights.data.subarray(begin * columns, end * columns);
    workspace.write(block, original);
    const norms = await forms(end - begin);
    await compare("||w X||^2", original, begin, norms);
    norm += sum(norms);
    dequantizeRows(layer, begin, end, dense);
    for (let at = 0; at < original.length; at++) errors[at] = original[at] - dense[at];
    workspace.write(block, errors.subarray(0, original.length));
    const objectives = await forms(end - begin);
    await compare("||(w - what) X||^2", errors, begin, objectives);
    rowObjectives.set(objectives, begin);
  }
  for (const array of [form, block, values]) workspace.free(array);
  const objective = sum(rowObjectives);
  if (!Number.isFinite(norm) || !Number.isFinite(objective)) {
    throw new DataError(
      "weights",
      `Cannot quantize the layer: ||W X||^2 must be finite, but is ${norm}, and the objective is ${objective}.`,
    );
  }
  if (norm < 0 || objective < -rounding * norm) {
    throw new DataError(
      "gram",
      `Cannot quantize the layer: "gram" must be positive semidefinite, but the objective is ${objective} and ` +
        `||W X||^2 is ${norm}.`,
    );
  }
  return { objective: Math.max(objective, 0), rowObjectives: rowObjectives.map((value) => Math.max(value, 0)), norm };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
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
