import type { DeviceArray, FloatDtype, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { likeVector, type SparseMatrix, type Vector } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";
import { ranges, rowsOfBlock } from "./blocking.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Problem } from "./problem.ts";
import { placeOutliers } from "./rows.ts";
import type { Rows, Stage } from "./stage.ts";

/** Steps of the power iteration; its relative error is about `ln(columns) / steps`. */
const powerSteps = 100;

/** How many outliers the options grant a layer: nothing where the share rounds to none. */
export function supportSize({ outliers }: ResolvedOptions, rows: number, columns: number): number {
  if (!outliers) return 0;
  return Math.round(outliers.fraction * (outliers.structured ? columns : rows * columns));
}

/** The columns that are kept, where whole columns are. */
export type Support = ReadonlySet<number> | undefined;

/** Outliers `H`, and the columns they are in where whole columns are kept. */
export interface Outliers {
  readonly matrix: SparseMatrix;
  readonly support: Support;
}

/**
 * `P_s(H)`: keeps the `s` entries of largest magnitude in the whole layer, or the `s` columns of largest norm; of equal
 * ones, those of lower index. The candidates, dense in the order of the layer, are used up.
 *
 * @param buffer for some rows on the host
 */
async function project(
  problem: Problem,
  candidates: DeviceArray<FloatDtype>,
  size: number,
  buffer: Vector,
): Promise<Outliers> {
  const { columns, rows, workspace, options } = problem;
  if (!options.outliers!.structured) {
    await workspace.kernels.hardThreshold({ values: { array: candidates, length: rows * columns }, keep: size });
    return { matrix: await compress(problem, candidates, size, buffer), support: undefined };
  }
  const array = workspace.allocate(workspace.widest, columns, "column squares");
  await workspace.kernels.columnSquares({
    values: { array: candidates, rows, columns },
    squares: { array, length: columns },
  });
  const squares = await workspace.read(array);
  workspace.free(array);
  const byNorm = Uint32Array.from(squares, (_, j) => j).sort((i, j) => squares[j] - squares[i] || i - j);
  const support = new Set(byNorm.subarray(0, size));
  return { matrix: await compress(problem, candidates, size * rows, buffer, support), support };
}

/** The weights of largest magnitude, or the columns of largest norm. */
export async function largestWeights(problem: Problem, size: number): Promise<Outliers> {
  const { dtype, rows, columns, weights, workspace } = problem;
  const candidates = workspace.allocate(dtype, rows * columns, "outlier candidates");
  workspace.write(candidates, weights.data);
  const found = await project(problem, candidates, size, likeVector(weights.data, rowsOfBlock(problem) * columns));
  workspace.free(candidates);
  return found;
}

/**
 * One step of iterative hard thresholding from outliers `H` and their current residuals, which it uses up:
 * `P_s(H + (W - What - H) Sigma / lambda)`.
 *
 * With `lambda >= lambda_max(Sigma)` the step minimises, over all `s`-sparse matrices, a quadratic that lies above the
 * objective and meets it at `H`: it never raises the objective (Blumensath & Davies 2009).
 */
export async function thresholdingStep(
  blocks: readonly Rows[],
  outliers: SparseMatrix,
  size: number,
  lambda: number,
): Promise<Outliers> {
  const { problem, workspace, staging, arrays: { residual } } = blocks[0].stage, { columns, diagonal } = problem;
  const array = workspace.allocate(workspace.widest, columns, "steps");
  // Without inputs there is nowhere to step to.
  workspace.write(array, diagonal.map((entry) => lambda > 0 ? entry / lambda : 0));
  for (const rows of blocks) {
    placeOutliers(rows, outliers);
    await workspace.kernels.outlierCandidates({
      residual: rows.state.residual,
      outliers: rows.targets,
      steps: { array, length: columns },
    });
  }
  workspace.free(array);
  return project(problem, residual, size, staging);
}

/** The nonzero candidates, those of `support` where that is given, as compressed rows; at most `capacity` of them. */
async function compress(
  problem: Problem,
  candidates: DeviceArray<FloatDtype>,
  capacity: number,
  buffer: Vector,
  support?: Support,
): Promise<SparseMatrix> {
  const { rows, columns, weights, workspace, meter } = problem;
  const indptr = new Uint32Array(rows + 1), indices = new Uint32Array(capacity);
  const data = likeVector(weights.data, capacity);
  let count = 0;
  for (const [begin, end] of ranges(rows, buffer.length / columns)) {
    const block = await workspace.read(candidates, begin * columns, (end - begin) * columns, buffer);
    for (let i = begin, at = 0; i < end; i++) {
      for (let j = 0; j < columns; j++, at++) {
        if (block[at] === 0 || support && !support.has(j)) continue;
        indices[count] = j;
        data[count++] = block[at];
      }
      indptr[i + 1] = count;
    }
    // Even when the time is up, outliers are needed whole.
    await meter.checkpoint("outliers");
  }
  const shape = [rows, columns] as const;
  if (count === capacity) return { format: "csr", shape, indptr, indices, data };
  return { format: "csr", shape, indptr, indices: indices.slice(0, count), data: data.slice(0, count) };
}

/**
 * A bound on the largest eigenvalue of the Gram matrix, in its unit: power iteration with a margin for what it may have left, capped
 * by the largest row sum. Every product with the Gram matrix goes through the coupling: `Sigma v = M (diag(Sigma) v)`.
 */
export async function largestEigenvalue({ problem, coupling, dtype }: Stage): Promise<number> {
  const { rows, columns, diagonal, gram, workspace, meter, options: { seed }, unit } = problem;
  // Even when the time is up, the bound is needed whole.
  const pause = () => meter.checkpoint("outliers");
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
    await pause();
  }
  meter.spend(powerSteps / rows, rows);
  for (const { array } of [x, y]) workspace.free(array);
  let rowSum = 0;
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += Math.abs(gram.data[j * columns + k] / unit);
    rowSum = Math.max(rowSum, sum);
    if (j % 64 === 0) await pause();
  }
  return Math.min(norm * (1 + Math.log(columns + 1) / powerSteps), rowSum);
}

function lengthOf(vector: Vector): number {
  let sum = 0;
  for (let j = 0; j < vector.length; j++) sum += vector[j] * vector[j];
  return Math.sqrt(sum);
}
