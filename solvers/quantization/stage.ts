/** Memory where the kernels run for a method that works on blocks of rows, and the coupling that all blocks share. */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type {
  DeviceArray,
  FloatDtype,
  MatrixOperand,
  QuantizationState,
  VectorOperand,
} from "../../kernels/contract.ts";
import type { Vector } from "../core/matrix.ts";
import { type Range, ranges, rowsOfBlock } from "./blocking.ts";
import { workspaceFor } from "./coupling.ts";
import type { Grid } from "./grid.ts";
import type { Problem } from "./problem.ts";

/** What all row blocks of a method share; columns are in the order of the coupling. */
export interface Stage {
  readonly problem: Problem;
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
  /** Every row has its own place in the arrays, or in that of the residual alone; otherwise all blocks come to the same. */
  readonly resident: boolean | "residual";
  /** Most rows of a block. */
  readonly blockRows: number;
  readonly arrays: {
    readonly levels: DeviceArray<FloatDtype>;
    readonly residual: DeviceArray<FloatDtype>;
    /** What the grid approximates, in one block at a time; errors, once they have been computed from it. */
    readonly targets: DeviceArray<FloatDtype>;
    readonly scales: DeviceArray<FloatDtype>;
    readonly zeros: DeviceArray<FloatDtype>;
    readonly changes: DeviceArray<"u32">;
    /** Diagonal of the Gram matrix. */
    readonly curvatures: DeviceArray<FloatDtype>;
    readonly objectives: DeviceArray<FloatDtype>;
    /** The linear terms over the diagonal, in one block at a time, and what they add to its objectives. */
    readonly linear?: DeviceArray<FloatDtype>;
    readonly linearObjectives?: DeviceArray<FloatDtype>;
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
  /** First element of the rows in `residual`, and in `levels` where these are resident as well. */
  readonly place: number;
  readonly levelsPlace: number;
  readonly grid: Grid;
  readonly state: QuantizationState;
  readonly targets: MatrixOperand;
  /** Where the objective of each row goes. */
  readonly objectives: VectorOperand;
}

/** How a stage keeps its rows: columns in the layer's order without `order`. */
export type StageOptions = Partial<Pick<Stage, "order" | "resident" | "blockRows">>;

/** Runs `work` on a stage, which is closed afterwards, its coupling included. */
export async function withStage<T>(
  problem: Problem,
  coupling: DeviceArray<FloatDtype>,
  options: StageOptions,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stage = openStage(problem, coupling, options), { workspace, arrays } = stage;
  try {
    return await work(stage);
  } finally {
    workspace.free(coupling);
    for (const array of Object.values(arrays)) if (array) workspace.free(array);
  }
}

function openStage(
  problem: Problem,
  coupling: DeviceArray<FloatDtype>,
  { order: given, resident = false, blockRows = rowsOfBlock(problem) }: StageOptions,
): Stage {
  const { columns, diagonal, groups, groupIndex, moved } = problem;
  const order = given ?? Uint32Array.from({ length: columns }, (_, j) => j);
  const dtype = coupling.dtype, workspace = workspaceFor(problem, dtype);
  const capacity = resident ? problem.rows : blockRows;
  const floats = (width: number, label: string, rows = capacity) => workspace.allocate(dtype, rows * width, label);
  const stage: Stage = {
    problem,
    workspace,
    dtype,
    coupling,
    order,
    reordered: given !== undefined,
    groupAt: order.map((column) => groupIndex ? groupIndex[column] : 0),
    resident,
    blockRows,
    arrays: {
      levels: floats(columns, "levels", resident === true ? problem.rows : blockRows),
      residual: floats(columns, "residual"),
      targets: floats(columns, "targets", blockRows),
      scales: floats(groups, "scales"),
      zeros: floats(groups, "zero points"),
      changes: workspace.allocate("u32", blockRows, "changes"),
      curvatures: workspace.allocate(workspace.widest, columns, "curvatures"),
      objectives: workspace.allocate(workspace.widest, capacity, "objectives"),
      linear: moved && floats(columns, "linear terms", blockRows),
      linearObjectives: moved && workspace.allocate(workspace.widest, blockRows, "linear objectives"),
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

/** Brings the grid of some rows to the kernels. */
export function placeRows(stage: Stage, grid: Grid, begin: number, end: number): Rows {
  const { problem: { columns, groups, maximumCode }, workspace, arrays, coupling } = stage;
  const rows = end - begin, place = stage.resident ? begin : 0, levelsPlace = stage.resident === true ? begin : 0;
  workspace.write(arrays.scales, grid.scales.data.subarray(begin * groups, end * groups), place * groups);
  workspace.write(arrays.zeros, grid.zeros.data.subarray(begin * groups, end * groups), place * groups);
  const block = (array: DeviceArray<FloatDtype>, width = columns, at = place): MatrixOperand => ({
    array,
    rows,
    columns: width,
    offset: at * width,
  });
  return {
    stage,
    begin,
    end,
    place: place * columns,
    levelsPlace: levelsPlace * columns,
    grid,
    state: {
      levels: block(arrays.levels, columns, levelsPlace),
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
export function blocksOf({ problem, blockRows }: Stage): Iterable<Range> {
  return ranges(problem.rows, blockRows);
}

/** All rows of a stage where every row has its own place, in blocks. */
export function placeAll(stage: Stage, grid: Grid): Rows[] {
  return Array.from(blocksOf(stage), ([begin, end]) => placeRows(stage, grid, begin, end));
}

/** Words of the packed codes of a row. */
export function wordsOfRow(columns: number): number {
  return Math.ceil(columns / 4);
}
