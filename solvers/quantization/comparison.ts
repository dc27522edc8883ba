/** Outliers against none: what the search for outliers finds is not always better. */

import { matrix, type SparseMatrix } from "../core/matrix.ts";
import { squaresOfErrors } from "./certificate.ts";
import type { Grid } from "./grid.ts";
import type { ResolvedOptions } from "./options.ts";
import { supportSize } from "./outliers.ts";
import { polish } from "./polish.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";

/** Weights of a layer up to which it is solved without outliers as well. */
const weightsOfComparison = 2 ** 16;

/** Whether the layer is to be solved without outliers as well: by "auto" with some, where it is small. */
export function comparesWithoutOutliers(options: ResolvedOptions, rows: number, columns: number): boolean {
  return options.method === "auto" && supportSize(options, rows, columns) > 0 && rows * columns <= weightsOfComparison;
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
  const { rows, options, meter } = problem;
  const plain = await solve({ ...problem, options: { ...options, outliers: undefined } });
  if (plain.status === "time-limit") return { ...kept, status: "time-limit" };
  const [some, others] = [await objectivesOf(kept), await objectivesOf(plain)];
  const isLower = sumOf(others) < sumOf(some);
  const isPlain = (row: number) => options.outliers!.structured ? isLower : others[row] < some[row];
  const changed = Array.from({ length: rows }, (_, row) => row).filter(isPlain);
  if (changed.length === 0) return kept;
  const reached = changed.length === rows ? plain.reached : withRows(kept.reached, plain.reached, changed);
  // Nothing is left to change: this counts the violations.
  const trace = kept.trace?.map((value, t) => Math.min(value, plain.trace?.[t] ?? value));
  return { ...kept, ...await polish(problem, reached), trace };

  async function objectivesOf({ reached: { grid, codes, outliers } }: Outcome): Promise<Float64Array> {
    const layer = { shape: [rows, problem.columns] as const, codes, ...grid, groupIndex: problem.groupIndex, outliers };
    return await squaresOfErrors(problem, layer, () => meter.checkpoint("outliers"));
  }
}

/** An approximation with some rows from another, which has no outliers. */
function withRows(some: Approximation, others: Approximation, changed: readonly number[]): Approximation {
  const { grid, outliers, codes } = some, columns = codes.length / grid.scales.shape[0];
  const scales = matrix(...grid.scales.shape, grid.scales.data.slice());
  const zeros = matrix(...grid.zeros.shape, grid.zeros.data.slice()), groups = scales.shape[1];
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

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
