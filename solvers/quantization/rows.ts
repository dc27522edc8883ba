/** What goes between a block of rows where the kernels run and the host: targets, starts and codes. */

import type { DeviceArray, FloatDtype } from "../../kernels/contract.ts";
import { likeVector, type SparseMatrix, type Vector } from "../core/matrix.ts";
import { negligible, negligibleInDouble } from "./problem.ts";
import { targetRow } from "./rounding.ts";
import { type Rows, wordsOfRow } from "./stage.ts";

/** No target is taken to be farther from a weight: sums of it with others are still within the range of f32. */
const farthest = 2 ** 120;

/**
 * Starts from `What = W - H`, off the grid, where the residual is zero, or what the target moved.
 *
 * @param residual of all rows, in the order of the stage, where the coupling is not that of descent
 */
export async function startFromWeights(
  rows: Rows,
  outliers: SparseMatrix | undefined,
  residual?: Vector,
): Promise<void> {
  const { stage: { problem: { columns, moved }, workspace, arrays, staging }, state, targets, place, begin, end } =
    rows;
  placeTargets(rows, outliers);
  await workspace.kernels.quantizationLevels({ ...state, targets });
  if (residual) staging.set(residual.subarray(begin * columns, end * columns));
  else if (moved) stageLinear(rows);
  else staging.fill(0);
  workspace.write(arrays.residual, blockPart(rows), place);
}

/** Brings to the kernels the linear terms of the rows over the diagonal, to an array that has places as the targets or the residual. */
export function placeLinear(rows: Rows, array: DeviceArray<FloatDtype>, place = 0): void {
  stageLinear(rows);
  rows.stage.workspace.write(array, blockPart(rows), place);
}

/** What a residual is where errors are zero, in the staging buffer: within its precision, though a target may be far away. */
function stageLinear({ stage: { problem, staging, order }, begin, end }: Rows): void {
  const { columns, diagonal, moved } = problem, { linear } = moved!, isSingle = staging instanceof Float32Array;
  const least = isSingle ? negligible : negligibleInDouble, most = isSingle ? farthest : Infinity;
  for (let i = begin, at = 0; i < end; i++) {
    for (let k = 0; k < columns; k++, at++) {
      const j = order[k], pull = diagonal[j] < least ? 0 : linear[i * columns + j] / diagonal[j];
      staging[at] = Math.min(Math.max(pull, -most), most);
    }
  }
}

/** Starts from codes [layer]; the residual is to be refreshed. */
export function startFromCodes(rows: Rows, codes: Uint8Array): void {
  const { stage: { problem, workspace, arrays, staging, order, reordered, groupAt }, begin, end, grid: { zeros } } =
    rows;
  const { columns, groups } = problem;
  for (let i = begin, at = 0; i < end; i++) {
    const inLayer = i * columns, inGrid = i * groups;
    if (groups === 1 && !reordered) {
      for (let k = 0; k < columns; k++, at++) staging[at] = codes[inLayer + k] - zeros.data[i];
    } else {
      for (let k = 0; k < columns; k++, at++) staging[at] = codes[inLayer + order[k]] - zeros.data[inGrid + groupAt[k]];
    }
  }
  workspace.write(arrays.levels, blockPart(rows), rows.levelsPlace);
}

/** Brings to the kernels what the grid of the rows approximates, in the order of the stage. */
export function placeTargets(rows: Rows, outliers: SparseMatrix | undefined): void {
  const { stage: { problem: { columns, weights }, workspace, arrays, staging, order, reordered }, begin, end } = rows;
  if (!reordered && !outliers) {
    return workspace.write(arrays.targets, weights.data.subarray(begin * columns, end * columns));
  }
  const buffer = likeVector(weights.data, columns);
  for (let i = begin, at = 0; i < end; i++) {
    const target = targetRow(weights, outliers, i, buffer);
    for (let k = 0; k < columns; k++, at++) staging[at] = target[order[k]];
  }
  workspace.write(arrays.targets, blockPart(rows));
}

/** Brings to the kernels the outliers of the rows, dense, in place of the targets; columns are in the layer's order. */
export function placeOutliers(rows: Rows, { indptr, indices, data }: SparseMatrix): void {
  const { stage: { problem: { columns }, workspace, arrays, staging }, begin, end } = rows;
  staging.fill(0);
  for (let i = begin, row = 0; i < end; i++, row += columns) {
    for (let k = indptr[i]; k < indptr[i + 1]; k++) staging[row + indices[k]] = data[k];
  }
  workspace.write(arrays.targets, blockPart(rows));
}

/** Stores the codes of levels on the grid in those of the layer, or those of some rows of the layer only. */
export async function storeCodes(
  { stage, state, begin, end }: Rows,
  codes: Uint8Array,
  stored?: (row: number) => boolean,
): Promise<void> {
  const { problem: { columns }, workspace, arrays, codeBuffer, order, reordered } = stage;
  await workspace.kernels.quantizationCodes({ ...state, codes: arrays.codes });
  const width = wordsOfRow(columns), words = await workspace.read(arrays.codes, 0, (end - begin) * width, codeBuffer);
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  if (!stored && !reordered && columns === 4 * width) return codes.set(bytes, begin * columns);
  for (let i = begin; i < end; i++) {
    if (stored && !stored(i)) continue;
    const at = (i - begin) * 4 * width, inLayer = i * columns;
    if (!reordered) codes.set(bytes.subarray(at, at + columns), inLayer);
    else for (let k = 0; k < columns; k++) codes[inLayer + order[k]] = bytes[at + k];
  }
}

/** The part of the staging buffer that the rows fill. */
function blockPart({ stage: { problem: { columns }, staging }, begin, end }: Rows): Vector {
  return staging.subarray(0, (end - begin) * columns);
}
