import type { DeviceArray, FloatDtype, MatrixOperand, VectorOperand } from "../../kernels/spec.ts";
import { likeVector, type SparseMatrix, type Vector } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";
import { fitGrid, type Grid } from "./grid.ts";
import type { ResolvedOptions } from "./options.ts";
import { type Rows, snapshot, type Stage } from "./rows.ts";
import { rowBlocks, rowsOfBlock, spend, type Task } from "./task.ts";

/** Steps of the power iteration; its relative error is about `ln(columns) / steps`. */
const powerSteps = 100;

/** How many outliers the options grant a layer: nothing where the share rounds to none. */
export function supportSize({ outliers }: ResolvedOptions, rows: number, columns: number): number {
  if (!outliers) return 0;
  return Math.round(outliers.fraction * (outliers.structured ? columns : rows * columns));
}

/** The columns that are kept, where whole columns are. */
export type Support = ReadonlySet<number> | undefined;

/**
 * `H <- P_s(H)`: keeps the `s` entries of largest magnitude in the whole layer, or the `s` columns of largest norm.
 * Of equal ones, those of lower index.
 */
export async function project(task: Task, outliers: DeviceArray<FloatDtype>, size: number): Promise<Support> {
  const { columns, rows, workspace, options } = task;
  if (!options.outliers!.structured) {
    await workspace.kernels.hardThreshold({ values: { array: outliers, length: rows * columns }, keep: size });
    return undefined;
  }
  const squares = new Float64Array(columns);
  for (const [begin, end] of rowBlocks(task, rowsOfBlock(task))) {
    const values = await workspace.read(outliers, begin * columns, (end - begin) * columns);
    values.forEach((value, at) => squares[at % columns] += value * value);
  }
  const byNorm = Uint32Array.from(squares, (_, j) => j).sort((i, j) => squares[j] - squares[i] || i - j);
  const kept = new Set(byNorm.subarray(0, size));
  for (const [begin, end] of rowBlocks(task, rowsOfBlock(task))) {
    const values = await workspace.read(outliers, begin * columns, (end - begin) * columns);
    workspace.write(outliers, values.map((value, at) => kept.has(at % columns) ? value : 0), begin * columns);
  }
  return kept;
}

/**
 * One step of iterative hard thresholding from current residuals: `H <- P_s(H + (W - What - H) Sigma / lambda)`.
 *
 * With `lambda >= lambda_max(Sigma)` the step minimises, over all `s`-sparse matrices, a quadratic that lies above the
 * objective and meets it at `H`: it never raises the objective (Blumensath & Davies 2009).
 */
export async function thresholdingStep(blocks: readonly Rows[], size: number, lambda: number): Promise<Support> {
  const { task, arrays: { outliers } } = blocks[0].stage;
  const { columns, diagonal, workspace } = task;
  for (const rows of blocks) {
    const { residual, outliers: before } = await snapshot(rows);
    const candidates = before!.map((value, at) => value + residual[at] * diagonal[at % columns] / lambda);
    workspace.write(outliers!, candidates, rows.begin * columns);
  }
  return project(task, outliers!, size);
}

/** The grid of the weights that the support leaves: without its columns, or with as large a share of each row trimmed. */
export function refitGrid({ weights, options }: Task, support: Support): Grid {
  const { fraction } = options.outliers!;
  return fitGrid(weights, { ...options, ...(support ? { excluded: support } : { trimmed: fraction }) });
}

/** The outliers as compressed rows. */
export async function compress(task: Task, outliers: DeviceArray<FloatDtype>): Promise<SparseMatrix> {
  const { rows, columns, weights, workspace } = task;
  const indptr = new Uint32Array(rows + 1), indices: number[] = [], values: number[] = [];
  for (const [begin, end] of rowBlocks(task, rowsOfBlock(task))) {
    const block = await workspace.read(outliers, begin * columns, (end - begin) * columns);
    for (let i = begin, at = 0; i < end; i++) {
      for (let j = 0; j < columns; j++, at++) {
        if (block[at] === 0) continue;
        indices.push(j);
        values.push(block[at]);
      }
      indptr[i + 1] = indices.length;
    }
  }
  const data = likeVector(weights.data, values.length);
  data.set(values);
  return { format: "csr", shape: [rows, columns], indptr, indices: Uint32Array.from(indices), data };
}

/** The outliers so far where the kernels run, dense. */
export function expand({ rows, columns, dtype, outliers, workspace }: Task): DeviceArray<FloatDtype> {
  const { indptr, indices, data } = outliers!;
  const array = workspace.allocate(dtype, rows * columns, "outliers");
  const row = likeVector(data, columns);
  for (let i = 0; i < rows; i++) {
    row.fill(0);
    for (let k = indptr[i]; k < indptr[i + 1]; k++) row[indices[k]] = data[k];
    workspace.write(array, row, i * columns);
  }
  return array;
}

/** `W - H`, a fresh array. */
export function withoutOutliers(
  weights: Vector,
  { shape: [rows, columns], indptr, indices, data }: SparseMatrix,
): Vector {
  const target = weights.slice();
  for (let i = 0; i < rows; i++) {
    for (let k = indptr[i]; k < indptr[i + 1]; k++) target[i * columns + indices[k]] -= data[k];
  }
  return target;
}

/**
 * A bound on the largest eigenvalue of the Gram matrix: power iteration with a margin for what it may have left, capped
 * by the largest row sum. Every product with the Gram matrix goes through the coupling: `Sigma v = M (diag(Sigma) v)`.
 */
export async function largestEigenvalue({ task, coupling, dtype }: Stage): Promise<number> {
  const { columns, diagonal, gram, workspace, options: { seed } } = task;
  const a: MatrixOperand = { array: coupling, rows: columns, columns };
  const x: VectorOperand = { array: workspace.allocate(dtype, columns, "power iteration"), length: columns };
  const y: VectorOperand = { array: workspace.allocate(dtype, columns, "power iteration"), length: columns };
  const random = createRandom(seed);
  let vector: Vector = Float64Array.from({ length: columns }, random.normal), norm = 0;
  for (let step = 0; step <= powerSteps; step++) {
    const length = lengthOf(vector);
    workspace.write(x.array, vector.map((value, j) => value / length * diagonal[j]));
    await workspace.kernels.gemv({ a, x, y });
    vector = await workspace.read(y.array);
    norm = lengthOf(vector);
    if (norm === 0) break;
  }
  spend(task, powerSteps / task.rows, task.rows);
  for (const { array } of [x, y]) workspace.free(array);
  let rowSum = 0;
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += Math.abs(gram.data[j * columns + k]);
    rowSum = Math.max(rowSum, sum);
  }
  return Math.min(norm * (1 + Math.log(columns + 1) / powerSteps), rowSum);
}

function lengthOf(vector: Vector): number {
  let sum = 0;
  for (let j = 0; j < vector.length; j++) sum += vector[j] * vector[j];
  return Math.sqrt(sum);
}
