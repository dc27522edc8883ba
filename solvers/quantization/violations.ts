/** Weights that a change of one code, all else fixed, would improve: counted on the host, in plain f64. @module */

import { likeVector } from "../core/matrix.ts";
import { plainDot } from "../core/plain_sums.ts";
import { checkGramRow, randomWeights } from "../core/product_check.ts";
import { comparedRows } from "./forms.ts";
import type { Approximation, Problem } from "./problem.ts";
import { targetRow } from "./rounding.ts";
import type { Rows } from "./stage.ts";

/** Rows of a Gram matrix between two pauses. */
const rowsBetweenPauses = 64;

/** Roundings with random signs stay within eight times their root mean square but once in 10^13 (Hoeffding 1963). */
const deviations = 8;

/** What the squares of the errors may be of the objective of a row that f32 still tells from that of other codes. */
const largestCancellation = 16;

/** What a fresh residual tells of a block of rows. */
export interface Violations {
  /** Violations of each row. */
  readonly counts: Uint32Array;
  /** Whether what the errors of some row give together is so little beside what they give apart that f32 may not see it. */
  readonly cancels: boolean;
}

/** Counts the violations of each row of a block from a fresh residual. */
export type ViolationCounter = (rows: Rows, approximation: Approximation) => Promise<Violations>;

/**
 * Counts from the residuals `G = E M` that kernels have computed in f64, `M = Sigma diag(Sigma)^-1`, once a row
 * times a random vector `v` has been compared with `e . (M v)` by plain sums (Freivalds 1979): the errors `e` come from
 * the codes on the host. `columns^2` multiply-adds for the counter, and a few for each weight.
 */
export async function createViolationCounter(
  problem: Problem,
  pause: () => Promise<unknown>,
): Promise<ViolationCounter> {
  const { columns, diagonal, gram, moved, options: { seed }, unit } = problem;
  // An entry of `G` is at most `sum_k |e_k| sqrt(Sigma_kk)` over `sqrt(Sigma_jj)`: every column counts alike.
  const weights = randomWeights(diagonal.map((entry) => entry > 0 ? 1 / entry : 0), seed);
  const divided = weights.map((weight, j) => diagonal[j] > 0 ? weight / diagonal[j] : 0);
  const product = new Float64Array(columns);
  for (let k = 0; k < columns; k++) {
    product[k] = plainDot(gram.data, divided, columns, k * columns) / unit;
    if (k % rowsBetweenPauses === 0) await pause();
  }
  const errors = createErrors(problem);

  return async ({ stage: { workspace, arrays, staging }, begin, end, place }, approximation) => {
    const residuals = await workspace.read(arrays.residual, place, (end - begin) * columns, staging);
    const counts = new Uint32Array(end - begin);
    let cancels = false;
    for (let i = begin; i < end; i++) {
      const { row, size, norm } = errors(approximation, i), residual = residuals.subarray((i - begin) * columns);
      checkGramRow({
        name: `the residual of row ${i}`,
        received: plainDot(residual, weights, columns),
        expected: plainDot(row, product) + (moved ? plainDot(moved.linear, divided, columns, i * columns) : 0),
        norm: size,
        samples: columns,
        features: columns,
      });
      counts[i - begin] = violationsOfRow(problem, approximation, i, residual, worstRounding(columns, size));
      let objective = moved ? moved.constant[i] + plainDot(moved.linear, row, columns, i * columns) : 0;
      for (let j = 0; j < columns; j++) objective += row[j] * diagonal[j] * residual[j];
      cancels ||= largestCancellation * objective < norm * norm;
    }
    return { counts, cancels };
  };
}

/**
 * Whether no change of one code improves a row by more than the rounding of the precision of the weights explains:
 * every row of a small layer, some rows of a large one, each with a residual by plain sums.
 */
export async function noChangeImproves(
  problem: Problem,
  approximation: Approximation,
  pause: () => Promise<unknown>,
): Promise<boolean> {
  const { columns, diagonal, dtype, gram, moved, unit } = problem, errors = createErrors(problem);
  const epsilon = dtype === "f32" ? 2 ** -23 : Number.EPSILON, residual = new Float64Array(columns);
  for (const i of comparedRows(problem)) {
    const { row, size, norm } = errors(approximation, i);
    for (let j = 0; j < columns; j++) {
      const pull = moved ? moved.linear[i * columns + j] : 0;
      residual[j] = diagonal[j] > 0 ? (plainDot(gram.data, row, columns, j * columns) / unit + pull) / diagonal[j] : 0;
      if (j % rowsBetweenPauses === 0) await pause();
    }
    const rounding = Math.max(worstRounding(columns, size), deviations * epsilon * Math.sqrt(columns) * norm);
    if (violationsOfRow(problem, approximation, i, residual, rounding) > 0) return false;
  }
  return true;
}

/** What f64 may lose of an entry of `e Sigma` as a share of the root of its diagonal entry, at worst. */
function worstRounding(columns: number, size: number): number {
  return 4 * Number.EPSILON * columns * size;
}

/**
 * The error `W - H - What` of a row, and how large it and what the target moved are: in buffers that the next row
 * overwrites.
 */
function createErrors({ weights, columns, diagonal, groups, groupIndex, moved }: Problem) {
  const buffer = likeVector(weights.data, columns), row = new Float64Array(columns);
  return ({ grid: { scales, zeros }, outliers, codes }: Approximation, i: number) => {
    const target = targetRow(weights, outliers, i, buffer);
    let size = 0, squares = 0, pull = 0;
    for (let j = 0; j < columns; j++) {
      const group = i * groups + (groupIndex ? groupIndex[j] : 0);
      row[j] = target[j] - scales.data[group] * (codes[i * columns + j] - zeros.data[group]);
      const square = row[j] * row[j] * Math.max(0, diagonal[j]);
      squares += square;
      size += Math.sqrt(square);
      if (moved && diagonal[j] > 0) {
        pull = Math.max(pull, Math.abs(moved.linear[i * columns + j]) / Math.sqrt(diagonal[j]));
      }
    }
    return { row, size: size + pull, norm: Math.sqrt(squares) + pull };
  };
}

/**
 * Weights of row `i` whose target `What + G` another code is nearer to.
 *
 * @param residual the row of `G`
 * @param rounding how far entry `j` of it may be off, times `sqrt(Sigma_jj)`
 */
function violationsOfRow(
  { columns, diagonal, groups, groupIndex, maximumCode }: Problem,
  { grid: { scales }, codes }: Approximation,
  i: number,
  residual: ArrayLike<number>,
  rounding: number,
): number {
  let count = 0;
  for (let j = 0; j < columns; j++) {
    // The output does not depend on a dead input.
    if (!(diagonal[j] > 0)) continue;
    const group = i * groups + (groupIndex ? groupIndex[j] : 0), scale = scales.data[group];
    // Within half a step of its target, which is seldom otherwise, a code is the nearest.
    if (!(2 * Math.abs(residual[j]) > scale)) continue;
    const code = codes[i * columns + j], target = code + residual[j] / scale;
    const nearest = Math.min(Math.max(Math.round(target), 0), maximumCode);
    const nearer = Math.abs(target - code) - Math.abs(target - nearest);
    if (nearer > 2 * rounding / (Math.sqrt(diagonal[j]) * scale)) count++;
  }
  return count;
}
