/** A block of rows where the kernels run: levels, residual and grid, and the coupling that all blocks share. */

import { roundHalfToEven, type Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, FloatDtype, MatrixOperand, QuantizationState } from "../../kernels/spec.ts";
import { likeVector, type Vector } from "../core/matrix.ts";
import { checkpoint, rowBlocks, rowsOfBlock, spend, targetRow, type Task, workspaceFor } from "./task.ts";

/** What all row blocks of one stage share; columns are in the order of the coupling. */
export interface Stage {
  readonly task: Task;
  /** Where the rows are worked on. */
  readonly workspace: Workspace;
  readonly dtype: FloatDtype;
  readonly coupling: DeviceArray<FloatDtype>;
  /** Column of the layer at each place. */
  readonly order: Uint32Array;
  /** Group of the column at each place. */
  readonly groupAt: Uint32Array;
  /** Every row has its own place in the arrays; otherwise all blocks come to the same. */
  readonly resident: boolean;
  /** Most rows of a block. */
  readonly blockRows: number;
  readonly arrays: {
    readonly levels: DeviceArray<FloatDtype>;
    readonly residual: DeviceArray<FloatDtype>;
    readonly errors: DeviceArray<FloatDtype>;
    readonly scales: DeviceArray<FloatDtype>;
    readonly zeros: DeviceArray<FloatDtype>;
    readonly changes: DeviceArray<"u32">;
    readonly columnGroups?: DeviceArray<"u32">;
  };
  /** Host side of one block. */
  readonly staging: Vector;
}

/** Rows `[begin, end)` of the layer in a stage. */
export interface Rows {
  readonly stage: Stage;
  readonly begin: number;
  readonly end: number;
  /** First element of the rows in `levels` and `residual`. */
  readonly place: number;
  readonly state: QuantizationState;
}

/** How a stage keeps its rows: columns in the layer's order without `order`. */
export type StageOptions = Partial<Pick<Stage, "order" | "resident" | "blockRows">>;

/** Allocates what a stage needs beside its coupling. */
export function openStage(
  task: Task,
  coupling: DeviceArray<FloatDtype>,
  {
    order = Uint32Array.from({ length: task.columns }, (_, j) => j),
    resident = false,
    blockRows = rowsOfBlock(task),
  }: StageOptions = {},
): Stage {
  const { columns, grid: { groups, groupIndex } } = task;
  const dtype = coupling.dtype, workspace = workspaceFor(task, dtype);
  const capacity = resident ? task.rows : blockRows;
  const floats = (width: number, label: string, rows = capacity) => workspace.allocate(dtype, rows * width, label);
  const stage: Stage = {
    task,
    workspace,
    dtype,
    coupling,
    order,
    groupAt: order.map((column) => groupIndex ? groupIndex[column] : 0),
    resident,
    blockRows,
    arrays: {
      levels: floats(columns, "levels"),
      residual: floats(columns, "residual"),
      errors: floats(columns, "errors", blockRows),
      scales: floats(groups, "scales"),
      zeros: floats(groups, "zeros"),
      changes: workspace.allocate("u32", blockRows, "changes"),
      columnGroups: groupIndex && workspace.allocate("u32", columns, "column groups"),
    },
    staging: dtype === "f32" ? new Float32Array(blockRows * columns) : new Float64Array(blockRows * columns),
  };
  if (groupIndex) workspace.write(stage.arrays.columnGroups!, stage.groupAt);
  return stage;
}

/** Returns what the stage holds, its coupling included. */
export function closeStage({ workspace, coupling, arrays }: Stage): void {
  workspace.free(coupling);
  for (const array of Object.values(arrays)) if (array) workspace.free(array);
}

/** Brings the grid of some rows to the kernels. */
export function placeRows(stage: Stage, begin: number, end: number): Rows {
  const { task: { columns, grid }, workspace, arrays, coupling } = stage;
  const rows = end - begin, place = stage.resident ? begin : 0, { groups, maximumCode } = grid;
  workspace.write(arrays.scales, grid.scales.data.subarray(begin * groups, end * groups), place * groups);
  workspace.write(arrays.zeros, grid.zeros.data.subarray(begin * groups, end * groups), place * groups);
  const block = (array: DeviceArray<FloatDtype>, width = columns): MatrixOperand => ({
    array,
    rows,
    columns: width,
    offset: place * width,
  });
  return {
    stage,
    begin,
    end,
    place: place * columns,
    state: {
      levels: block(arrays.levels),
      residual: block(arrays.residual),
      coupling: { array: coupling, rows: columns, columns },
      scales: block(arrays.scales, groups),
      zeros: block(arrays.zeros, groups),
      columnGroups: arrays.columnGroups,
      maximumCode,
    },
  };
}

/** The row ranges of a stage, one block after the other. */
export function blocksOf({ task, blockRows }: Stage): Iterable<[begin: number, end: number]> {
  return rowBlocks(task, blockRows);
}

/** All rows of a stage where every row has its own place, in blocks. */
export function placeAll(stage: Stage): Rows[] {
  return [...blocksOf(stage)].map(([begin, end]) => placeRows(stage, begin, end));
}

/** Calls `visit` for every weight of the rows: its place in the block, in the layer, and in the grid. */
export function forEachWeight(
  { stage: { task: { columns, grid: { groups } }, order, groupAt }, begin, end }: Rows,
  visit: (inBlock: number, inLayer: number, inGrid: number) => void,
): void {
  for (let i = begin, inBlock = 0; i < end; i++) {
    for (let k = 0; k < columns; k++, inBlock++) visit(inBlock, i * columns + order[k], i * groups + groupAt[k]);
  }
}

/** Starts from `What = W`, off the grid, where the residual is zero. */
export function startFromWeights(rows: Rows): void {
  const { stage: { task, workspace, arrays, staging, order, groupAt }, begin, end } = rows;
  const { columns, weights, grid: { groups, scales } } = task;
  const room = likeVector(weights.data, columns);
  for (let i = begin, at = 0; i < end; i++) {
    const target = targetRow(task, i, room);
    for (let k = 0; k < columns; k++, at++) staging[at] = target[order[k]] / scales.data[i * groups + groupAt[k]];
  }
  workspace.write(arrays.levels, blockPart(rows, staging), rows.place);
  staging.fill(0);
  workspace.write(arrays.residual, blockPart(rows, staging), rows.place);
}

/** Starts from the codes of the answer so far; the residual is to be refreshed. */
export function startFromCodes(rows: Rows): void {
  const { stage: { task: { codes, grid }, workspace, arrays, staging } } = rows;
  forEachWeight(rows, (at, inLayer, inGrid) => staging[at] = codes[inLayer] - grid.zeros.data[inGrid]);
  workspace.write(arrays.levels, blockPart(rows, staging), rows.place);
}

/** Computes the residual afresh from the levels, `G = (W - What) M`: one matrix product, in short calls. */
export async function refreshResidual(rows: Rows): Promise<void> {
  const { stage: { task, workspace, arrays, staging }, state, begin, end, place } = rows;
  const { columns } = task;
  const levels = await readLevels(rows, staging);
  eachRowOfErrors(rows, levels, (errors, row) => staging.set(errors, row * columns));
  workspace.write(arrays.errors, blockPart(rows, staging));
  for (const [from, to] of rowBlocks({ rows: end - begin }, rowsOfBlock(task))) {
    if (from > 0) await checkpoint(task, "residual", task.iterations);
    const rows = to - from, offset = from * columns;
    const a = { array: arrays.errors, rows, columns, offset };
    await workspace.kernels.gemm({ a, b: state.coupling, c: { ...state.residual, rows, offset: place + offset } });
  }
  spend(task, 1, end - begin);
}

/** Levels and residual of the rows, copied to the host. */
export interface Snapshot {
  readonly levels: Vector;
  readonly residual: Vector;
}

/** Room for a snapshot of any block of the stage: fresh arrays would be collected too late. */
export function snapshotRoom({ staging }: Stage): Snapshot {
  return { levels: staging.slice(), residual: staging.slice() };
}

/** Copies the state of the rows to the host; into `room`, where that is given, which then holds this snapshot alone. */
export async function snapshot(rows: Rows, room?: Snapshot): Promise<Snapshot> {
  const { stage: { task: { columns }, workspace, arrays }, begin, end, place } = rows;
  return {
    levels: await readLevels(rows, room?.levels),
    residual: await workspace.read(arrays.residual, place, (end - begin) * columns, room?.residual),
  };
}

/** Copies the levels of the rows to the host; into `room`, where that is given. */
export function readLevels(
  { stage: { task: { columns }, workspace, arrays }, begin, end, place }: Rows,
  room?: Vector,
): Promise<Vector> {
  return workspace.read(arrays.levels, place, (end - begin) * columns, room);
}

/** Objective of each row from its residual, `sum_j (W - What)_ij G_ij Sigma_jj`: no product with the Gram matrix. */
export function rowObjectives(rows: Rows, { levels, residual }: Snapshot): Float64Array {
  const { stage: { task: { columns, diagonal }, order }, begin, end } = rows;
  const objectives = new Float64Array(end - begin);
  const curvature = Float64Array.from(order, (column) => diagonal[column]);
  eachRowOfErrors(rows, levels, (errors, row) => {
    let sum = 0;
    for (let k = 0, at = row * columns; k < columns; k++, at++) sum += errors[k] * residual[at] * curvature[k];
    objectives[row] = sum;
  });
  return objectives;
}

/** Calls `visit` with the errors of each row of a block, target less `What`, in the order of the stage. */
function eachRowOfErrors(rows: Rows, levels: Vector, visit: (errors: Float64Array, row: number) => void): void {
  const { stage: { task, order, groupAt }, begin, end } = rows;
  const { columns, weights, grid: { scales: { data: scales }, groups } } = task;
  const errors = new Float64Array(columns), room = likeVector(weights.data, columns);
  for (let row = 0; row < end - begin; row++) {
    const target = targetRow(task, begin + row, room), inGrid = (begin + row) * groups, inBlock = row * columns;
    for (let k = 0; k < columns; k++) errors[k] = target[order[k]] - scales[inGrid + groupAt[k]] * levels[inBlock + k];
    visit(errors, row);
  }
}

/** Takes levels on the grid as the answer so far. */
export function storeCodes(rows: Rows, levels: Vector): void {
  const { stage: { task: { codes, columns, grid: { zeros: { data: zeros }, groups } }, order, groupAt } } = rows;
  // No call for each weight: on one thread, beside kernels on several, this loop is what does not get faster.
  for (let i = rows.begin, inBlock = 0; i < rows.end; i++) {
    const inLayer = i * columns, inGrid = i * groups;
    for (let k = 0; k < columns; k++, inBlock++) {
      codes[inLayer + order[k]] = levels[inBlock] + zeros[inGrid + groupAt[k]];
    }
  }
}

/** `M = Sigma diag(Sigma)^-1`, the coupling of coordinate descent; columns and rows of dead inputs are zero. */
export function descentCoupling(task: Task, dtype: FloatDtype, order?: Uint32Array): DeviceArray<FloatDtype> {
  const { columns, diagonal, gram } = task, workspace = workspaceFor(task, dtype);
  const coupling = workspace.allocate(dtype, columns * columns, "coupling");
  const row = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    const source = (order ? order[j] : j) * columns;
    for (let k = 0; k < columns; k++) {
      const column = order ? order[k] : k;
      row[k] = diagonal[column] === 0 ? 0 : gram.data[source + column] / diagonal[column];
    }
    workspace.write(coupling, row, j * columns);
  }
  return coupling;
}

/** Columns by descending diagonal of the Gram matrix, ties by index. */
export function byActivation({ diagonal }: Task): Uint32Array {
  return Uint32Array.from(diagonal, (_, j) => j).sort((i, j) => diagonal[j] - diagonal[i] || i - j);
}

/** Codes by rounding every weight to the nearest point of its grid. */
export function roundToNearest(task: Task): void {
  const { weights, grid, columns, rows, codes } = task;
  const { groups, groupIndex, maximumCode, scales, zeros } = grid;
  const room = likeVector(weights.data, columns);
  for (let i = 0; i < rows; i++) {
    const target = targetRow(task, i, room);
    for (let j = 0; j < columns; j++) {
      const group = i * groups + (groupIndex ? groupIndex[j] : 0);
      const code = roundHalfToEven(target[j] / scales.data[group]) + zeros.data[group];
      codes[i * columns + j] = Math.min(Math.max(code, 0), maximumCode);
    }
  }
}

function blockPart({ stage: { task: { columns } }, begin, end }: Rows, staging: Vector): Vector {
  return staging.subarray(0, (end - begin) * columns);
}
