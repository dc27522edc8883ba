import { DataError } from "../core/errors.ts";
import { ranges } from "./blocking.ts";
import { openForms } from "./forms.ts";
import { dequantizeRows, type QuantizedWeights } from "./layer.ts";
import { withMove } from "./moved.ts";
import type { Problem } from "./problem.ts";

/** Share of the sum of magnitudes that rounding may take from a quadratic form. */
const rounding = 1e-6;

/** What the certificate measures. */
export interface Certificate {
  /** `||(W - What) X||^2`, or where the target moved the square of the distance from it: the sum over rows. */
  readonly objective: number;
  /** The part of each row. */
  readonly rowObjectives: Float64Array;
}

/**
 * The square of the target, `||W X||^2`, in f64: half of the certificate, which needs no codes. Where it comes first, the
 * time that it takes is what is to be left for the other half.
 *
 * @param pause called between short kernel calls
 * @throws {BackendError} where the kernel and plain sums differ beyond rounding
 */
export async function squareOfTarget(problem: Problem, pause: () => Promise<unknown>): Promise<number> {
  const { weights: { data }, columns, rows, moved, unit } = problem;
  const { capacity, forms, close } = await openForms(problem, problem.gram.data, rootsOf(problem), pause);
  let norm = 0;
  for (const [begin, end] of ranges(rows, capacity)) {
    const original = data.subarray(begin * columns, end * columns);
    norm += sum(withMove(moved, unit, original, begin, await forms("||w X||^2", original, begin)));
  }
  close();
  return norm;
}

/**
 * The objective in f64, from the dense weights that the layer stands for and apart from the fast path: with the square of
 * the target as much arithmetic as one dense pass, in f64. The kernel that sums them is compared with plain sums on every
 * row of a small layer, and on a few rows of a large one.
 *
 * @param norm what {@linkcode squareOfTarget} found
 * @param pause called between short kernel calls
 * @throws {BackendError} where the kernel and plain sums differ beyond rounding
 */
export async function certify(
  problem: Problem,
  layer: Omit<QuantizedWeights, "bits" | "groupSize">,
  norm: number,
  pause: () => Promise<unknown>,
): Promise<Certificate> {
  const { moved } = problem, rowObjectives = await squaresOfErrors(problem, layer, pause);
  const objective = sum(rowObjectives);
  if (!Number.isFinite(norm) || !Number.isFinite(objective)) {
    throw new DataError(
      "weights",
      `Cannot quantize the layer: ||W X||^2 must be finite, but is ${norm}, and the objective is ${objective}.`,
    );
  }
  if (norm < 0 || objective < -rounding * norm) {
    throw new DataError(
      moved ? "original" : "gram",
      `Cannot quantize the layer: ${
        moved ? '"original" and "gram" must be of the same inputs' : '"gram" must be positive semidefinite'
      }, but the objective is ${objective} and ` +
        `||W X||^2 is ${norm}.`,
    );
  }
  return { objective: Math.max(objective, 0), rowObjectives: rowObjectives.map((value) => Math.max(value, 0)) };
}

/** What each row adds to the objective, as {@linkcode certify} has it: below 0 by rounding alone. */
export async function squaresOfErrors(
  problem: Problem,
  layer: Omit<QuantizedWeights, "bits" | "groupSize">,
  pause: () => Promise<unknown>,
): Promise<Float64Array> {
  const { columns, rows, gram, weights, unit, moved } = problem;
  const { capacity, forms, close } = await openForms(problem, gram.data, rootsOf(problem), pause);
  const dense = weights.data.slice(0, capacity * columns);
  const errors = new Float64Array(capacity * columns), rowObjectives = new Float64Array(rows);
  for (const [begin, end] of ranges(rows, capacity)) {
    const original = weights.data.subarray(begin * columns, end * columns);
    dequantizeRows(layer, begin, end, dense);
    for (let at = 0; at < original.length; at++) errors[at] = original[at] - dense[at];
    const off = errors.subarray(0, original.length);
    const objectives = await forms("||(w - what) X||^2", off, begin);
    rowObjectives.set(withMove(moved, unit, off, begin, objectives), begin);
  }
  close();
  return rowObjectives;
}

/** Entries of the Gram matrix are at most the products of these. */
function rootsOf({ diagonal, unit }: Problem): Float64Array {
  return diagonal.map((entry) => Math.sqrt(Math.max(0, entry) * unit));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
