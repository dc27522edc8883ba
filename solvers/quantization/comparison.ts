/** Comparisons in f64, row by row: outliers against none, and what was reached against its starts. */

import { matrix, type SparseMatrix } from "../core/matrix.ts";
import { anneal } from "./anneal.ts";
import { squaresOfErrors } from "./certificate.ts";
import type { Grid } from "./grid.ts";
import type { ResolvedOptions } from "./options.ts";
import { supportSize } from "./outliers.ts";
import { sumOf } from "./passes.ts";
import { polish } from "./polish.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";

/** Weights of a layer up to which it is solved without outliers as well. */
const weightsOfComparison = 2 ** 16;

/** Whether the layer is to be solved without outliers as well: by "auto" with some, where it is small. */
export function comparesWithoutOutliers(options: ResolvedOptions, rows: number, columns: number): boolean {
  return options.method === "auto" && supportSize(options, rows, columns) > 0 && rows * columns <= weightsOfComparison;
}

/** Columns up to which a row is compared with its starts in f64, where f32 may not tell them apart. */
const columnsOfComparison = 1024;

/**
 * Anneals, and certifies in f64. Where errors of a row cancel to so little that f32 may not see it, as they do where inputs
 * have a mean of many deviations, every row is compared with its starts in f64, and is above none.
 */
export async function refine(problem: Problem, start: Approximation): Promise<Outcome> {
  const { columns, dtype } = problem, { alternatives = [] } = start;
  // The codes of the start are overwritten.
  const starts = dtype === "f32" && columns <= columnsOfComparison ? [start.codes.slice(), ...alternatives] : [];
  const annealed = await anneal(problem, start);
  if (annealed.status === "time-limit") return annealed;
  const { cancels, ...outcome } = { ...annealed, ...await polish(problem, annealed.reached) };
  if (!cancels || start.codedRows < problem.rows || outcome.status === "time-limit") return outcome;
  let { reached } = outcome, objectives: Float64Array | undefined;
  for (const codes of starts) {
    objectives ??= await objectivesOf(problem, reached);
    const other = { ...start, codes }, others = await objectivesOf(problem, other);
    reached = withRows(reached, other, (row) => others[row] < objectives![row]);
    objectives = objectives.map((objective, row) => Math.min(objective, others[row]));
  }
  return reached === outcome.reached ? outcome : { ...outcome, ...await polish(problem, reached) };
}

/**
 * The better of what was reached with outliers and what is reached without: row by row, or where whole columns are kept
 * as a whole. No row, or not the layer, is then above itself without outliers.
 *
 * @param solve the solve of a problem without outliers
 */
export async function orWithoutOutliers(
  problem: Problem,
  kept: Outcome,
  solve: (problem: Problem) => Promise<Outcome>,
): Promise<Outcome> {
  const { options } = problem, plain = await solve({ ...problem, options: { ...options, outliers: undefined } });
  if (plain.status === "time-limit") return { ...kept, status: "time-limit" };
  const some = await objectivesOf(problem, kept.reached), others = await objectivesOf(problem, plain.reached);
  const isLower = sumOf(others) < sumOf(some);
  const isPlain = (row: number) => options.outliers!.structured ? isLower : others[row] < some[row];
  const reached = withRows(kept.reached, plain.reached, isPlain);
  if (reached === kept.reached) return kept;
  // Nothing is left to change: this counts the violations.
  const trace = kept.trace?.map((value, t) => Math.min(value, plain.trace?.[t] ?? value));
  return { ...kept, ...await polish(problem, reached), trace };
}

/** The objective of each row, in f64. */
async function objectivesOf(problem: Problem, { grid, codes, outliers }: Approximation): Promise<Float64Array> {
  const { rows, columns, groupIndex, meter } = problem, shape = [rows, columns] as const;
  return await squaresOfErrors(
    problem,
    { shape, codes, ...grid, groupIndex, outliers },
    () => meter.checkpoint("compare"),
  );
}

/** An approximation with some rows from another, which has no outliers in them; the same where there are none. */
function withRows(some: Approximation, others: Approximation, isOther: (row: number) => boolean): Approximation {
  const { grid, outliers, codes } = some, [rows, groups] = grid.scales.shape, columns = codes.length / rows;
  const changed = Array.from({ length: rows }, (_, row) => row).filter(isOther);
  if (changed.length === 0) return some;
  if (changed.length === rows) return others;
  const scales = matrix(rows, groups, grid.scales.data.slice()), zeros = matrix(rows, groups, grid.zeros.data.slice());
  for (const row of changed) {
    codes.set(others.codes.subarray(row * columns, (row + 1) * columns), row * columns);
    scales.data.set(others.grid.scales.data.subarray(row * groups, (row + 1) * groups), row * groups);
    zeros.data.set(others.grid.zeros.data.subarray(row * groups, (row + 1) * groups), row * groups);
  }
  const next: Grid = { scales, zeros };
  return { ...some, grid: next, outliers: outliers && withoutRows(outliers, new Set(changed)) };
}

/** The entries of other rows. */
function withoutRows({ indptr, indices, data, ...rest }: SparseMatrix, emptied: ReadonlySet<number>): SparseMatrix {
  const ends = new Uint32Array(indptr.length), isLeft = new Uint8Array(indices.length);
  for (let row = 0; row < indptr.length - 1; row++) {
    const count = emptied.has(row) ? 0 : indptr[row + 1] - indptr[row];
    isLeft.fill(1, indptr[row], indptr[row] + count);
    ends[row + 1] = ends[row] + count;
  }
  return {
    ...rest,
    indptr: ends,
    indices: indices.filter((_, at) => isLeft[at]),
    data: data.filter((_, at) => isLeft[at]),
  };
}
