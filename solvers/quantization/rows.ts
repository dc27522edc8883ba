/** A block of rows where the kernels run: levels, residual and grid, and the coupling that all blocks share. */

import { roundHalfToEven, type Workspace } from "../../kernels/engine/mod.ts";
import type {
  DeviceArray,
  FloatDtype,
  MatrixOperand,
  QuantizationState,
  VectorOperand,
} from "../../kernels/contract.ts";
import { likeVector, type Vector } from "../core/matrix.ts";
import { checkpoint, type Range, ranges, rowsOfBlock, targetRow, type Task, workspaceFor } from "./task.ts";

/** What all row blocks of one stage share; columns are in the order of the coupling. */
export interface Stage {
  readonly task: Task;
  /** Where the rows are worked on. */
  readonly workspace: Workspace;
  readonly dtype: FloatDtype;
  readonly coupling: DeviceArray<FloatDtype>;
  /** Column of the layer at each place. */
  readonly order: Uint32Array;
  /** The order is not the layer's. */
  readonly reordered: boolean;
  /** Group of the column at each place. */
  readonly groupAt: Uint32Array;
  /** Every row has its own place in the arrays; otherwise all blocks come to the same. */
  readonly resident: boolean;
  /** Most rows of a block. */
  readonly blockRows: number;
  readonly arrays: {
    readonly levels: DeviceArray<FloatDtype>;
    readonly residual: DeviceArray<FloatDtype>;
    /** What the grid is to come near, in one block at a time; errors, once they have been computed from it. */
    readonly targets: DeviceArray<FloatDtype>;
    readonly scales: DeviceArray<FloatDtype>;
    readonly zeros: DeviceArray<FloatDtype>;
    readonly changes: DeviceArray<"u32">;
    /** Diagonal of the Gram matrix. */
    readonly curvatures: DeviceArray<FloatDtype>;
    readonly objectives: DeviceArray<FloatDtype>;
    /** Codes of one block, packed. */
    readonly codes: DeviceArray<"u32">;
    readonly columnGroups?: DeviceArray<"u32">;
  };
  /** Host side of one block, and of its codes. */
  readonly staging: Vector;
  readonly codeBuffer: Uint32Array;
}

/** Rows `[begin, end)` of the layer in a stage. */
export interface Rows {
  readonly stage: Stage;
  readonly begin: number;
  readonly end: number;
  /** First element of the rows in `levels` and `residual`. */
  readonly place: number;
  readonly state: QuantizationState;
  readonly targets: MatrixOperand;
  /** Where the objective of each row goes. */
  readonly objectives: VectorOperand;
}

/** How a stage keeps its rows: columns in the layer's order without `order`. */
export type StageOptions = Partial<Pick<Stage, "order" | "resident" | "blockRows">>;

/** Allocates what a stage needs beside its coupling. */
export function openStage(
  task: Task,
  coupling: DeviceArray<FloatDtype>,
  { order: given, resident = false, blockRows = rowsOfBlock(task) }: StageOptions = {},
): Stage {
  const { columns, diagonal, grid: { groups, groupIndex } } = task;
  const order = given ?? Uint32Array.from({ length: columns }, (_, j) => j);
  const dtype = coupling.dtype, workspace = workspaceFor(task, dtype);
  const capacity = resident ? task.rows : blockRows;
  const floats = (width: number, label: string, rows = capacity) => workspace.allocate(dtype, rows * width, label);
  const stage: Stage = {
    task,
    workspace,
    dtype,
    coupling,
    order,
    reordered: given !== undefined,
    groupAt: order.map((column) => groupIndex ? groupIndex[column] : 0),
    resident,
    blockRows,
    arrays: {
      levels: floats(columns, "levels"),
      residual: floats(columns, "residual"),
      targets: floats(columns, "targets", blockRows),
      scales: floats(groups, "scales"),
      zeros: floats(groups, "zeros"),
      changes: workspace.allocate("u32", blockRows, "changes"),
      curvatures: workspace.allocate(workspace.widest, columns, "curvatures"),
      objectives: workspace.allocate(workspace.widest, capacity, "objectives"),
      codes: workspace.allocate("u32", blockRows * wordsOfRow(columns), "codes"),
      columnGroups: groupIndex && workspace.allocate("u32", columns, "column groups"),
    },
    staging: dtype === "f32" ? new Float32Array(blockRows * columns) : new Float64Array(blockRows * columns),
    codeBuffer: new Uint32Array(blockRows * wordsOfRow(columns)),
  };
  if (groupIndex) workspace.write(stage.arrays.columnGroups!, stage.groupAt);
  workspace.write(stage.arrays.curvatures, Float64Array.from(order, (column) => diagonal[column]));
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
    targets: { array: arrays.targets, rows, columns },
    objectives: { array: arrays.objectives, length: rows, offset: place },
  };
}

/** The row ranges of a stage, one block after the other. */
export function blocksOf({ task, blockRows }: Stage): Iterable<Range> {
  return ranges(task.rows, blockRows);
}

/** All rows of a stage where every row has its own place, in blocks. */
export function placeAll(stage: Stage): Rows[] {
  return [...blocksOf(stage)].map(([begin, end]) => placeRows(stage, begin, end));
}

/** Starts from `What = W`, off the grid, where the residual is zero. */
export function startFromWeights(rows: Rows): void {
  const { stage: { task, workspace, arrays, staging, order, groupAt }, begin, end } = rows;
  const { columns, weights, grid: { groups, scales } } = task;
  const buffer = likeVector(weights.data, columns);
  for (let i = begin, at = 0; i < end; i++) {
    const target = targetRow(task, i, buffer);
    for (let k = 0; k < columns; k++, at++) staging[at] = target[order[k]] / scales.data[i * groups + groupAt[k]];
  }
  workspace.write(arrays.levels, blockPart(rows, staging), rows.place);
  staging.fill(0);
  workspace.write(arrays.residual, blockPart(rows, staging), rows.place);
}

/** Starts from the codes of the answer so far; the residual is to be refreshed. */
export function startFromCodes(rows: Rows): void {
  const { stage: { task: { codes, columns, grid }, workspace, arrays, staging, order, groupAt }, begin, end } = rows;
  const { groups, zeros: { data: zeros } } = grid;
  for (let i = begin, at = 0; i < end; i++) {
    const inLayer = i * columns, inGrid = i * groups;
    for (let k = 0; k < columns; k++, at++) staging[at] = codes[inLayer + order[k]] - zeros[inGrid + groupAt[k]];
  }
  workspace.write(arrays.levels, blockPart(rows, staging), rows.place);
}

/** Brings to the kernels what the grid of the rows is to come near, in the order of the stage. */
export function placeTargets(rows: Rows): void {
  const { stage: { task, workspace, arrays, staging, order, reordered }, begin, end } = rows;
  const { columns, weights, removed } = task;
  if (!reordered && !removed) {
    return workspace.write(arrays.targets, weights.data.subarray(begin * columns, end * columns));
  }
  const buffer = likeVector(weights.data, columns);
  for (let i = begin, at = 0; i < end; i++) {
    const target = targetRow(task, i, buffer);
    for (let k = 0; k < columns; k++, at++) staging[at] = target[order[k]];
  }
  workspace.write(arrays.targets, blockPart(rows, staging));
}

/** Copies the levels of the rows to the host, where they stay until the stage needs the room again. */
export function readLevels({ stage, begin, end, place }: Rows): Promise<Vector> {
  const { task: { columns }, workspace, arrays, staging } = stage;
  return workspace.read(arrays.levels, place, (end - begin) * columns, staging);
}

/** Takes levels on the grid as the answer so far. */
export async function storeCodes({ stage, state, begin, end }: Rows): Promise<void> {
  const { task: { codes, columns }, task, workspace, arrays, codeBuffer, order, reordered } = stage;
  await workspace.kernels.quantizationCodes({ ...state, codes: arrays.codes });
  const width = wordsOfRow(columns), words = await workspace.read(arrays.codes, 0, (end - begin) * width, codeBuffer);
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  for (let i = begin; i < end; i++) {
    const at = (i - begin) * 4 * width, inLayer = i * columns;
    if (!reordered) codes.set(bytes.subarray(at, at + columns), inLayer);
    else for (let k = 0; k < columns; k++) codes[inLayer + order[k]] = bytes[at + k];
  }
  task.codedRows = Math.max(task.codedRows, end);
}

/** Words of the packed codes of a row. */
function wordsOfRow(columns: number): number {
  return Math.ceil(columns / 4);
}

/** `M = Sigma diag(Sigma)^-1`, the coupling of coordinate descent; columns and rows of dead inputs are zero. */
export async function descentCoupling(
  task: Task,
  dtype: FloatDtype,
  order?: Uint32Array,
): Promise<DeviceArray<FloatDtype>> {
  const { columns, diagonal, gram } = task, workspace = workspaceFor(task, dtype);
  const coupling = workspace.allocate(dtype, columns * columns, "coupling");
  const row = new Float64Array(columns), divisors = diagonal.map((entry) => entry === 0 ? Infinity : entry);
  for (let j = 0; j < columns; j++) {
    const source = (order ? order[j] : j) * columns;
    for (let k = 0; k < columns; k++) {
      const column = order ? order[k] : k;
      row[k] = gram.data[source + column] / divisors[column];
    }
    workspace.write(coupling, row, j * columns);
    // Late or not, it is needed whole.
    if (j % 64 === 0) await checkpoint(task, "coupling", task.iterations);
  }
  return coupling;
}

/** Columns by descending diagonal of the Gram matrix, ties by index. */
export function byActivation({ diagonal }: Task): Uint32Array {
  return Uint32Array.from(diagonal, (_, j) => j).sort((i, j) => diagonal[j] - diagonal[i] || i - j);
}

/** Gives the rows without codes those of the nearest points of their grid. */
export function roundToNearest(task: Task): void {
  const { weights, grid, columns, rows, codes } = task;
  const { groups, groupIndex, maximumCode, scales, zeros } = grid;
  const buffer = likeVector(weights.data, columns);
  for (let i = task.codedRows; i < rows; i++) {
    const target = targetRow(task, i, buffer);
    for (let j = 0; j < columns; j++) {
      const group = i * groups + (groupIndex ? groupIndex[j] : 0);
      const code = roundHalfToEven(target[j] / scales.data[group]) + zeros.data[group];
      codes[i * columns + j] = Math.min(Math.max(code, 0), maximumCode);
    }
  }
  task.codedRows = rows;
}

function blockPart({ stage: { task: { columns } }, begin, end }: Rows, staging: Vector): Vector {
  return staging.subarray(0, (end - begin) * columns);
}
